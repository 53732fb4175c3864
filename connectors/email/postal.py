"""Addresses the way SMTP takes them: in ASCII, and nothing in them that means something to a server. Pure."""

import re

# A quoted local part is left out: nobody has one, and every server reads it in its own way.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST = 254
# What stands behind the address of somebody who did not prove that it is his: no address a mail can go to ends so.
_MARK = re.compile(r" \((?:unproven|by [^()]*)\)$")


class BadAddress(ValueError):
    """No mail can go there; the text says why."""


def in_ascii(address: str) -> str:
    """The address with its domain as DNS knows it; raises BadAddress."""
    local, _, domain = address.strip().rpartition("@")
    if not _LOCAL.fullmatch(local):
        raise BadAddress("the part before @ is empty, too long, or has letters that mail servers do not take")
    whole = f"{local}@{domain_in_ascii(domain)}"
    if len(whole) > _LONGEST:
        raise BadAddress("it is too long for an e-mail address")
    return whole


def marked(address: str, by: str = "") -> str:
    """The address of somebody who is not believed that this one is his, as far as the domain `by` vouches for him."""
    return f"{address} (by {by})" if by else f"{address} (unproven)"


def bare(address: str) -> str:
    """The address without that mark: where mails go."""
    return _MARK.sub("", address)


def is_anybody(address: str) -> bool:
    """Whether it is marked, and nobody at all vouches for who has it."""
    return address.endswith(" (unproven)")


def canonical(address: str) -> str:
    """The form an address is known in: in small letters, the domain as DNS has it."""
    return _comparable(address)


def same(one: str, other: str) -> bool:
    """Whether both are the same address, however their domains are written."""
    return _comparable(one) == _comparable(other)


def domain_in_ascii(domain: str) -> str:
    """The domain as DNS knows it; raises BadAddress."""
    try:
        written = domain.encode("idna").decode().lower()
    except UnicodeError:
        raise BadAddress("the part after @ is no domain") from None
    if not all(_LABEL.fullmatch(label) for label in written.split(".")):
        raise BadAddress("the part after @ is no domain")
    return written


def _comparable(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    try:
        return f"{local}{at}{domain_in_ascii(domain)}"
    except BadAddress:
        return f"{local}{at}{domain}"
