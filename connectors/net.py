"""HTTP to addresses that somebody else named: never into our own network, never on by a redirect."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from connectors.base import Rejected, Unavailable

# Seconds until a connection stands.
_CONNECT = 10.0
_DAY = 86400.0
# IPv6 ranges that carry an IPv4 address, and how many bits follow it.
_CARRIERS = [(ipaddress.IPv6Network(net), bits) for net, bits in (("64:ff9b::/96", 0), ("2002::/16", 80))]
# Not for the public either, though not every Python knows.
_LOCAL_NETS = [
    ipaddress.ip_network(net) for net in ("64:ff9b:1::/48", "fec0::/10", "::/96", "192.0.0.0/24", "192.88.99.0/24")
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Outside:
    """HTTP calls to public hosts, and to those of `allow_private` wherever they are. Connections are kept."""

    def __init__(self, allow_private: Iterable[str]) -> None:
        self._allowed = frozenset(_host(name) for name in allow_private)
        self._session: aiohttp.ClientSession | None = None

    async def open(
        self,
        method: str,
        url: str,
        seconds: float,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        """The answer, to be closed by the caller and read within `seconds`; redirects are answers too.

        Raises Rejected for an address that may not be called and Unavailable when no connection came about, so that
        nothing was sent. After that anything else.
        """
        checked = self.check(url)
        time = aiohttp.ClientTimeout(total=seconds, connect=_CONNECT, sock_connect=_CONNECT)
        try:
            return await self._ready().request(
                method, checked, data=data, headers=headers, timeout=time, allow_redirects=False
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unavailable(f"{checked.host} cannot be reached: {_reason(error)}") from error

    def check(self, url: str) -> URL:
        """The address, read the way it will be called; raises Rejected for one that may not be."""
        try:
            parsed = URL(url)
            host, port = parsed.host, parsed.port
        except ValueError:
            raise Rejected("the address is not a URL") from None
        if parsed.scheme not in {"http", "https"} or not host or not port:
            raise Rejected("the address is not an http or https URL")
        if parsed.user is not None or parsed.password is not None:
            raise Rejected("the address holds a user or password")
        if port not in {80, 443} and port < 1024:
            # Behind low ports sit servers that would take an HTTP request for something else.
            raise Rejected(f"port {port} is not for web servers")
        # The resolver is not asked for numbers. Odd spellings of them would be read by the system alone.
        if ":" in host or host.replace(".", "").isdigit():
            self.admit(host, [host])
        return parsed

    def admit(self, host: str, addresses: Iterable[str]) -> None:
        """Raises Rejected unless every address of the host is public or the host is allowed to be private."""
        if _host(host) not in self._allowed and not all(_is_public(address) for address in addresses):
            raise Rejected(f"{host} is a private address; list it in allow_private if it is meant to be called")

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _ready(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(resolver=_Resolver(self), use_dns_cache=False, limit_per_host=20)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


class _Resolver(AbstractResolver):
    """Looks a host up and checks what it found; connections go to exactly these addresses."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        self._outside.admit(host, [result["host"] for result in found])
        return found

    async def close(self) -> None:
        await self._system.close()


def retry_after(response: aiohttp.ClientResponse, at: datetime) -> float | None:
    """The seconds a server asks to wait, a day at most; None when it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value[:12]), _DAY)
    try:
        wanted = parsedate_to_datetime(value)
        return min(max((wanted - at).total_seconds(), 0.0), _DAY)
    except (ValueError, TypeError, OverflowError):
        return None


def _is_public(text: str) -> bool:
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = _carried(address) or address
    private = not address.is_global or address.is_multicast or address.is_reserved
    return not private and not any(address in net for net in _LOCAL_NETS if net.version == address.version)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address an IPv6 one stands for."""
    for net, bits in _CARRIERS:
        if address in net:
            return ipaddress.IPv4Address(int(address) >> bits & 0xFFFFFFFF)
    return address.ipv4_mapped


def _host(name: str) -> str:
    return name.lower().strip("[]").rstrip(".")


def _reason(error: Exception) -> str:
    """What went wrong, without the address: it may hold a secret."""
    cause = error.__cause__ or error.__context__
    return getattr(cause, "strerror", None) or type(error).__name__
