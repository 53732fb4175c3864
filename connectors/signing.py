"""Signed webhooks after the Standard Webhooks convention: HMAC-SHA256 over id, time and body."""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime

# Seconds a signature's time may differ from ours.
TOLERANCE = 300


class BadSignature(Exception):
    """The request does not come from who shares the secret, or not now."""


def key_of(secret: str) -> bytes:
    """The key behind a secret: "whsec_" and base64, or plain text; ValueError for base64 that is none."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        raise ValueError(f"after whsec_ comes base64: {error}") from None


def sign(key: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that sign `body`."""
    timestamp = str(int(at.timestamp()))
    signature = _signature(key, message_id, timestamp, body).decode()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def verify(key: bytes, headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    """Raises BadSignature unless one of the signatures in `headers` (lower-case names) fits and is not stale."""
    try:
        message_id, timestamp, given = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as error:
        raise BadSignature(f"the header {error} is missing") from None
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise BadSignature("webhook-timestamp is not a number of seconds")
    if abs(int(timestamp) - at.timestamp()) > TOLERANCE:
        raise BadSignature(f"webhook-timestamp is more than {TOLERANCE} seconds off")
    right = _signature(key, message_id, timestamp, body)
    # On bytes: compare_digest refuses text with an odd letter in it.
    if not any(hmac.compare_digest(right, one.encode(errors="replace")) for one in given.split(" ")):
        raise BadSignature("no signature fits")


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b"%b.%b.%b" % (message_id.encode(errors="replace"), timestamp.encode(), body)
    return b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
