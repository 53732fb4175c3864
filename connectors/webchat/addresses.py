"""Addresses and keys of a webchat: three kinds of visitors that can never be taken for each other."""

ANONYMOUS, IDENTIFIED, HOOKED = "anon", "user", "hook"
# Characters of an escaped name: with the longest id behind it, a key still fits everywhere.
NAME_LENGTH = 255


def anonymous(random: str) -> str:
    """The address of a visitor nobody vouches for."""
    return f"{ANONYMOUS}:{random}"


def identified(subject: str) -> str:
    """The address of a visitor the site's signed token names."""
    return f"{IDENTIFIED}:{escape(subject)}"


def hooked(visitor: str) -> str:
    """The address of a visitor the site's server speaks for."""
    return f"{HOOKED}:{escape(visitor)}"


def escape(name: str) -> str:
    """The name without a colon."""
    return name.replace("%", "%25").replace(":", "%3A")


def kind_and_name(address: str) -> tuple[str, str]:
    """The kind of visitor, and his name as the site knows him."""
    kind, _, name = address.partition(":")
    return kind, name.replace("%3A", ":").replace("%25", "%")


def key(address: str, item: str) -> str:
    """What makes an item of the visitor unique in the channel. An address has one colon, so `item` may have any."""
    return f"{address}:{item}"


def item(address: str, external_id: str) -> str | None:
    """The item behind the key, if it is one of this address."""
    prefix = f"{address}:"
    return external_id.removeprefix(prefix) if external_id.startswith(prefix) else None
