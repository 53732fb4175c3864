"""Mails given back: which addresses failed, and which mail of ours it was."""

import email
import logging
import re
from typing import NamedTuple

from flufl.bounce import all_failures

from connectors.email.parsing.headers import Headers, ids, one_line, raw_text, split

# Of a mail that may be a bounce so much is read, in lines of at most so many letters: patterns run over them.
_LONGEST, _LONGEST_LINE, _MOST_LINES = 64 * 1024, 400, 3_000
_MOST_ADDRESSES = 100
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:'@]{1,64}@[^\s<>()\[\]\",;:'@]{1,253}")
_ID_LINE = re.compile(r"^[> \t]{0,20}message-id:\s{0,80}(<[^<>\s]{3,995}>)", re.IGNORECASE | re.MULTILINE)
_CODE = re.compile(r"\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b")
_GOOD = {"delivered", "relayed", "expanded"}

# It tells of every detector it runs and of every broken mail; both are ordinary here.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


class Failure(NamedTuple):
    """What a mail says of deliveries: the addresses, whether they are only delayed, or that all went well."""

    addresses: tuple[str, ...] = ()
    delayed: bool = False
    good: bool = False


def read_report(data: bytes) -> Failure:
    """A delivery report (RFC 3464): a block of fields for each recipient."""
    failed: dict[str, None] = {}
    delayed: dict[str, None] = {}
    good = False
    at, end = 0, min(len(data), _LONGEST)
    while at < end and len(failed) < _MOST_ADDRESSES:
        fields, after = split(data, at, end, _LONGEST)
        # A line that is no field stands between blocks as a blank one does.
        at = after if after > at else data.find(b"\n", at, end) + 1 or end
        address, action = _recipient(fields), fields.raw("action").lower().split("(")[0].strip(" ;.")
        good = good or action in _GOOD
        if address and action not in _GOOD:
            (delayed if action == "delayed" else failed).setdefault(address)
    if failed:
        return Failure(tuple(failed))
    return Failure(tuple(delayed), delayed=bool(delayed), good=good)


def _recipient(fields: Headers) -> str:
    for name in ("original-recipient", "x-actual-recipient", "final-recipient"):
        value = raw_text(fields.raw(name))
        found = _ADDRESS.search(value.partition(";")[2] or value)
        if found:
            return one_line(found[0])
    return ""


def read_old(data: bytes) -> Failure:
    """The failed addresses of a bounce that has no report, as mail systems of many kinds write them."""
    try:
        delayed, failed = all_failures(email.message_from_bytes(_shortened(data)))
    except Exception:  # noqa: BLE001 - a library that reads what any stranger sends
        return Failure()
    addresses = sorted(filter(None, (_decoded(one) for one in failed or delayed)))
    return Failure(tuple(addresses[:_MOST_ADDRESSES]), delayed=bool(addresses) and not failed)


def read_text(text: str) -> tuple[str, ...]:
    """Addresses that stand beside an SMTP code, for systems nobody has heard of."""
    found: dict[str, None] = {}
    before = ""
    for line in text[:20_000].splitlines()[:200]:
        line = line[:_LONGEST_LINE]
        if _CODE.search(line):
            for address in _ADDRESS.findall(line) or _ADDRESS.findall(before):
                found.setdefault(address.strip("."))
        before = line if line.strip() else before
    return tuple(found)[:10]


def failed_id(enclosed: list[bytes], text: str, headers: Headers, *, trusted: bool) -> str:
    """The Message-ID of the mail that failed: from what was sent back of it, or from what the bounce refers to.

    Only a mail system is `trusted` to name it in words: anybody's answer refers to the mail it answers.
    """
    for data in enclosed:
        inner, _ = split(data, 0, len(data), _LONGEST)
        if found := ids(inner.all("message-id"), 1):
            return found[0]
    if not trusted:
        return ""
    if line := _ID_LINE.search(text[:_LONGEST]):
        return line[1].strip("<>")
    for name in ("x-original-message-id", "original-message-id", "in-reply-to", "references"):
        if found := ids(headers.all(name), 20):
            return found[-1]
    return ""


def _shortened(data: bytes) -> bytes:
    lines = data[:_LONGEST].splitlines()[:_MOST_LINES]
    return b"\n".join(line[:_LONGEST_LINE] for line in lines)


def _decoded(address: bytes) -> str:
    found = _ADDRESS.search(address.decode("utf-8", "replace"))
    return one_line(found[0]) if found else ""
