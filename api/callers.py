"""Callers: whose request this is, when a proxy stands between, and which origins are our own."""

from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from settings import WebSettings


def caller_of(web: WebSettings, scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """The caller's address. X-Forwarded-For is believed only as far as trusted proxies wrote it."""
    client = scope.get("client")
    address = str(client[0]) if client else ""
    if b"x-forwarded-for" not in headers:
        return address
    forwarded = headers[b"x-forwarded-for"].decode("latin-1")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    # From the right: each hop is worth believing only if the one that reported it is trusted.
    while address in web.trusted_proxies and hops:
        address = hops.pop()
    return address


def own_origins(web: WebSettings, headers: Mapping[bytes, bytes]) -> frozenset[str]:
    """Origins of this installation's own pages."""
    return _origins(web.public_url, headers.get(b"host", b"").decode("latin-1"))


@lru_cache(maxsize=256)
def _origins(public_url: str, host: str) -> frozenset[str]:
    if public_url:
        parts = urlsplit(public_url)
        return frozenset({f"{parts.scheme}://{parts.netloc}"})
    # Without a public address we are asked directly, by the name the browser knows us by.
    return frozenset({f"http://{host}", f"https://{host}"})
