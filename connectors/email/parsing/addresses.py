"""Addresses in headers, in every form people and programs write them."""

import re

import msgspec

from connectors.email.parsing.headers import Headers, one_line, unquoted, words
from connectors.text import clean_name

# Of one header so much is read.
_LONGEST = 64_000
_LONGEST_WORD, _MOST_QUOTES = 2_000, 500
# Somebody who names himself at greater length is cut.
_LONGEST_NAME = 200

_SPECIAL = re.compile(r"[\",;:<(]|=\?[^?\s]{1,60}\?[bBqQ]\?")
_PAREN = re.compile(r"[()\\]")
_LOOSE = re.compile(r"[^\s<>()\[\]\",;:'@]{1,64}@[^\s<>()\[\]\",;:'@]{1,253}")
_SPACED = re.compile(r"\s*([@.])\s*")
_COMMENT = re.compile(r"\([^()]*\)")
# Addresses as they stand where nobody can read them otherwise, and what stands aside: quotes and comments.
_PLAIN = re.compile(r"[^\s<>\"',;:()\[\]@]+@[^\s<>\"',;:()\[\]@]+")
_ASIDE = re.compile(r'"[^"]*"|\([^()]*\)')
_SENDERS = ("from", "reply-to", "return-path", "sender", "x-sender", "x-from", "resent-from", "errors-to")


class Address(msgspec.Struct, frozen=True):
    """An address as it was written, and the name beside it."""

    address: str
    name: str = ""


class _Entry:
    """One entry of a list while it is read."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None
        self.quoted = False
        self.colon = False

    def blank(self) -> bool:
        return self.angle is None and not self.comments and not "".join(self.words).strip()


def addresses(value: str, hint: str = "", most: int = 40) -> tuple[Address, ...]:
    """The addresses a header lists, each once; of a long list the first ones."""
    found: dict[str, Address] = {}
    for entry in _merged(_entries(value[:_LONGEST], most * 4)):
        one = _address(entry, hint)
        if is_real(one):
            found.setdefault(one.address.lower(), one)
        if len(found) >= most:
            break
    return tuple(found.values())


def sender_of(headers: Headers) -> Address | None:
    """Who wrote the mail: From, or what stands in for it; None if nothing does."""
    found: list[Address] = []
    for name in _SENDERS:
        for value in headers.all(name):
            found += [_address(entry, headers.hint) for entry in _merged(_entries(value[:_LONGEST], 40))]
        if any(map(is_real, found)):
            break
    named = next((one for one in found if one.name or one.address), None)
    real = next((one for one in found if is_real(one)), None)
    if real and named and not real.name:
        return Address(real.address, named.name or ("" if is_real(named) else named.address))
    return real or named


def is_plain(headers: Headers, sender: Address | None) -> bool:
    """Whether From names this sender and nobody else, in no way that others could read otherwise."""
    values = headers.all("from")
    if sender is None or len(values) != 1 or len(values[0]) > _LONGEST:
        return False
    return {found.lower() for found in _PLAIN.findall(_ASIDE.sub(" ", values[0]))} == {sender.address.lower()}


def is_real(one: Address) -> bool:
    """Whether mail could be sent to it."""
    local, sign, domain = one.address.rpartition("@")
    return bool(local and sign and domain)


def _entries(value: str, most: int) -> list[_Entry]:
    """The header cut at its commas; one walk, whatever is open and never closed."""
    # Each quote may be looked after to the end; nobody's list has so many.
    value = value if value.count('"') <= _MOST_QUOTES else value.replace('"', "")
    entries: list[_Entry] = []
    entry, at = _Entry(), 0
    while at < len(value) and len(entries) < most:
        found = _SPECIAL.search(value, at)
        if not found:
            entry.words.append(value[at:])
            break
        entry.words.append(value[at : found.start()])
        at = found.end()
        sign = found[0]
        if sign.startswith("="):
            # Nothing inside an encoded word cuts, whoever wrote it.
            stop = value.find("?=", at, at + _LONGEST_WORD)
            after = stop + 2 if stop >= 0 else at
            entry.words.append(value[found.start() : after])
            at = after
        elif sign in ",;":
            entries.append(entry)
            entry = _Entry()
        elif sign == ":":
            entry = _colon(entry, value, at)
        else:
            at = _take(sign, value, at, entry)
    entries.append(entry)
    return [one for one in entries if not one.blank()]


def _colon(entry: _Entry, value: str, at: int) -> _Entry:
    """A group's name goes, a colon in a name stays."""
    if entry.colon:
        entry.words.append(":")
        return entry
    entry.colon = True
    said = "".join(entry.words).strip()
    if said.lower() == "mailto" or "=?" in said:
        entry.words.append("" if said.lower() == "mailto" else ":")
        return _Entry() if said.lower() == "mailto" else entry
    if value.find(";", at) >= 0 and entry.angle is None:
        return _Entry()
    entry.words.append(":")
    return entry


def _take(sign: str, value: str, at: int, entry: _Entry) -> int:
    """A quoted string, an address in brackets or a comment; where it ends."""
    if sign == '"':
        text, end = unquoted(value, at - 1)
        if (end == len(value) and not value.endswith('"')) or ("<" in text and "".join(entry.words).strip()):
            # A quote that is never closed is only a sign, and so is one in the middle that would take in an address.
            return at
        entry.words.append(text)
        entry.quoted = True
        return end
    if sign == "<":
        end = value.find(">", at)
        stop = len(value) if end < 0 else end
        inside = value[at:stop].lstrip("<")
        # Of two addresses in brackets the last one counts; an empty one never does.
        if inside.strip() or entry.angle is None:
            entry.angle = inside
        while value.startswith(">", stop + 1):
            stop += 1
        return stop + 1 if end >= 0 else stop
    end = _closing(value, at)
    entry.comments.append(value[at : max(at, end - 1)] if end <= len(value) else value[at:])
    return min(end, len(value))


def _closing(value: str, at: int) -> int:
    """Where the comment ends; beyond the end if it never does."""
    depth = 1
    while found := _PAREN.search(value, at):
        at = found.end()
        if found[0] == "\\":
            at += 1
            continue
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return at
    return len(value) + 1


def _merged(entries: list[_Entry]) -> list[_Entry]:
    """A comma inside a name nobody quoted ("Petrov, Ivan <i@…>") cuts nothing."""
    merged: list[_Entry] = []
    before: list[str] = []
    for entry in entries:
        said = "".join(entry.words)
        if entry.angle is None and "@" not in said and not entry.comments and "=?" not in said:
            before.append(said.strip())
            continue
        if before and entry.angle is not None and said.strip() and not entry.quoted:
            entry.words = [", ".join([*before, said.strip()])]
            before = []
        merged += [_bare(one) for one in before]
        merged.append(entry)
        before = []
    return merged + [_bare(one) for one in before]


def _bare(said: str) -> _Entry:
    entry = _Entry()
    entry.words = [said]
    return entry


def _address(entry: _Entry, hint: str) -> Address:
    """What the entry says, at last decoded."""
    said = _named(words("".join(entry.words), hint))
    comment = _named(words(" ".join(entry.comments), hint))
    if entry.angle is not None:
        address = _cleaned(words(entry.angle, hint))
        if address:
            return _best(address, said, comment or ("" if "@" in address else _named(words(entry.angle, hint))))
    loose = _LOOSE.findall(said)
    if not loose and "@" in said:
        said = _SPACED.sub(r"\1", said)
        loose = _LOOSE.findall(said)
    if not loose:
        return Address("", said or comment) if " " in said or not said.isascii() else Address(said, comment)
    address = loose[-1]
    rest = _named(said.replace(address, " ").replace("mailto:", " ").strip(" <>[]'\"-:"))
    return Address(_cleaned(address), rest or comment)


def _best(address: str, said: str, comment: str) -> Address:
    """The address in brackets, unless the one in the name is better."""
    if "@" not in address and (loose := _LOOSE.findall(said)):
        return Address(_cleaned(loose[-1]), _named(said.replace(loose[-1], " ").strip(" <>[]")) or comment)
    name = said if said.lower() != address.lower() else ""
    return Address(address, name or comment)


def _cleaned(address: str) -> str:
    found = "".join(_COMMENT.sub("", one_line(address)).split()).strip("<>'\",;")
    found = found.removeprefix("mailto:").removeprefix("MAILTO:")
    # A route (RFC 822) before the address.
    if found.startswith("@") and ":" in found:
        found = found.rpartition(":")[2]
    if "@" not in found:
        return clean_name(found, 64)
    local, _, domain = found.rpartition("@")
    return clean_name(f"{local}@{domain.strip('[]').rstrip('.') if not domain.startswith('[') else domain}", 254)


def _named(text: str) -> str:
    """A name on one line, without the quotes somebody put around it."""
    name = clean_name(one_line(text), _LONGEST_NAME)
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" and name[0] not in name[1:-1]:
        name = name[1:-1].strip()
    if name.count('"') % 2:
        name = name[1:] if name.startswith('"') else name.removesuffix('"')
    return name.lstrip("<>").strip()
