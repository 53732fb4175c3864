"""HTTP to addresses somebody else named: never into our own network."""

import asyncio
import socket
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from connectors.base import Rejected, Unavailable
from connectors.net import Outside, retry_after

AT = datetime(2026, 5, 4, 10, tzinfo=UTC)

# No name server is asked: these are all that tests can look up.
NAMES = {
    "internal.example.org": ["10.0.0.7"],
    "metadata.example.org": ["169.254.169.254"],
    "loop6.example.org": ["::1"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
    "mixed.example.org": ["93.184.215.14", "127.0.0.1"],
    "public.example.org": ["93.184.215.14"],
    "localhost": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    # What a system's own reader makes of odd numbers.
    "0x7f.1": ["127.0.0.1"],
    "0x7f000001": ["127.0.0.1"],
    "0177.0.0.0x1": ["127.0.0.1"],
    "127.0.0.1.nip.example.org": ["127.0.0.1"],
}

FORBIDDEN = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "http://127.8.9.10/",
    "http://localhost/",
    "http://LOCALHOST:8080/",
    "http://localhost./",
    "http://0.0.0.0/",
    "http://0/",
    "http://127.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0177.0.0.0x1/",
    "http://１２７.0.0.1/",
    "http://ⓛocalhost/",
    "http://127。0。0。1/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://192.0.0.8/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::]/",
    "http://[2001::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://internal.example.org/",
    "http://metadata.example.org/",
    "http://loop6.example.org/",
    "http://mapped.example.org/",
    "http://mixed.example.org/",
    "http://127.0.0.1.nip.example.org/",
    "http://user:password@public.example.org/",
    "http://public.example.org@127.0.0.1/",
    "http://127.0.0.1#@public.example.org/",
    "http://127.0.0.1\\@public.example.org/",
    "http://public.example.org:22/",
    "http://public.example.org:25/",
    "http://public.example.org:0/",
    "http://public.example.org:99999/",
    "ftp://public.example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "javascript:alert(1)",
    "//public.example.org/",
    "public.example.org",
    "http:///path",
    "http://[::1",
    "http://",
    "",
    "\x00",
    "http://\ud800/",
]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections were begun; none really is, and names are looked up in NAMES."""
    begun: list[Any] = []

    async def getaddrinfo(_loop: object, host: str, port: int, **_: Any) -> list[Any]:
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in NAMES[host]
        ]

    async def sock_connect(_loop: object, _sock: socket.socket, address: Any) -> None:
        begun.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", sock_connect)
    return begun


def _open(url: str, *allowed: str) -> None:
    async def call() -> None:
        outside = Outside(allowed)
        try:
            (await outside.open("GET", url, 5)).close()
        finally:
            await outside.close()

    asyncio.run(call())


@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_forbidden_address_is_never_called(url: str, connections: list[Any]) -> None:
    with pytest.raises(Rejected):
        _open(url)
    assert connections == []


def test_a_public_address_is_called_at_the_address_that_was_checked(connections: list[Any]) -> None:
    with pytest.raises(Unavailable, match="cannot be reached: Connection refused"):
        _open("https://public.example.org/path?token=secret")
    assert connections == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    ("url", "allowed", "address"),
    [
        ("http://127.0.0.1:9000/", "127.0.0.1", ("127.0.0.1", 9000)),
        ("http://[::1]:9000/", "[::1]", ("::1", 9000)),
        ("http://internal.example.org/", "Internal.example.org.", ("10.0.0.7", 80)),
    ],
)
def test_a_private_host_may_be_allowed_by_name(
    url: str, allowed: str, address: tuple[str, int], connections: list[Any]
) -> None:
    with pytest.raises(Unavailable):
        _open(url, allowed)
    assert [begun[:2] for begun in connections] == [address]
    with pytest.raises(Rejected):
        _open("http://10.0.0.8/", allowed)


def test_an_unknown_host_is_unavailable_and_its_address_stays_secret(connections: list[Any]) -> None:
    with pytest.raises(Unavailable) as caught:
        _open("http://nowhere.example.org/hooks/secret")
    assert "secret" not in str(caught.value)
    assert connections == []


def _answer(value: str) -> aiohttp.ClientResponse:
    answer: Any = SimpleNamespace(headers=CIMultiDict({"Retry-After": value}))
    response: aiohttp.ClientResponse = answer
    return response


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999", 86400),
        ("Mon, 04 May 2026 10:00:30 GMT", 30),
        ("Mon, 04 May 2026 09:00:00 GMT", 0),
        ("Mon, 04 May 2026 10:00:30", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("Mon, 99 May 99999 10:00:30 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after(_answer(value), AT) == seconds
