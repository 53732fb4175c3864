"""A mail in normal form, whatever its bytes are: nothing raises, nothing runs on for long."""

from datetime import datetime

import msgspec

from connectors.email.parsing import bounces, dates, kinds
from connectors.email.parsing.addresses import Address, addresses, is_plain, sender_of
from connectors.email.parsing.gather import Attachment, Gathered
from connectors.email.parsing.headers import Headers, ids, one_line, raw_text, split
from connectors.email.parsing.parts import Walk, content_of
from connectors.text import clean_text

__all__ = ["Address", "Attachment", "Mail", "read"]

_MOST_RECIPIENTS, _MOST_REFERENCES, _MOST_OTHERS = 40, 100, 50
_LONGEST_SUBJECT, _LONGEST_HEAD, _MOST_ENCLOSED = 2_000, 65_536, 5


class Mail(msgspec.Struct, frozen=True):
    """Everything a mail says. Text and page are as they came: decoded, not made safe; `text` is empty if the page
    alone says everything. Ids are without brackets, the date is in UTC."""

    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    date: datetime | None = None
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    kind: kinds.Kind = "client"
    bounced: tuple[str, ...] = ()
    bounced_id: str = ""
    # The delivery is still being tried: `bounced` are addresses that may yet get the mail.
    delayed: bool = False
    notes: tuple[str, ...] = ()
    authentication_results: tuple[str, ...] = ()
    # From names the sender and nobody else.
    plain: bool = False
    received: int = 0
    loops: tuple[str, ...] = ()


def read(data: bytes) -> Mail:
    """The mail the bytes are; never raises."""
    if b"\n" not in data and b"\r" in data:
        # Old Macs' line ends.
        data = data.replace(b"\r", b"\n")
    walk = Walk(data)
    headers = walk.headers
    found = Gathered()
    found.take_all(walk)
    headers.hint = found.hint or content_of(headers).parameters.get("charset", "")
    sender = sender_of(headers)
    page = found.html()
    failure, kind = _kind(walk, found, sender)
    return Mail(
        sender=_clean(sender) if sender else None,
        to=_people(headers, "to"),
        cc=_people(headers, "cc"),
        reply_to=_people(headers, "reply-to"),
        subject=clean_text(headers.text("subject")[:_LONGEST_SUBJECT]),
        message_id=_first(headers, "message-id"),
        in_reply_to=_first(headers, "in-reply-to"),
        references=tuple(map(clean_text, ids(headers.all("references"), _MOST_REFERENCES))),
        date=dates.parse(raw_text(headers.raw("date"))),
        text=found.text(),
        html=page,
        attachments=found.attachments(page),
        kind=kind,
        bounced=tuple(map(clean_text, failure.addresses)),
        bounced_id=_failed_id(walk, found, sender) if kind == "bounce" else "",
        delayed=failure.delayed,
        notes=tuple(map(clean_text, found.said())),
        plain=is_plain(headers, sender),
        authentication_results=_raw(headers, "authentication-results"),
        received=len(headers.all("received")),
        loops=_raw(headers, "x-loop"),
    )


def _kind(walk: Walk, found: Gathered, sender: Address | None) -> tuple[bounces.Failure, kinds.Kind]:
    """The kind, and for a bounce what failed."""
    report = _report(walk)
    told = min((one for one in found.failures if one.addresses), key=lambda one: one.delayed, default=None)
    good = any(one.good for one in found.failures)
    encloses = bool(report) or _returns(walk.headers, found)
    level = kinds.suspicion(walk.headers, sender, encloses=encloses)
    if told and (report or level):
        return told, "bounce"
    if good and not told:
        return bounces.Failure(), "auto"
    if not level and report != "delivery-status":
        return bounces.Failure(), kinds.kind_of(walk.headers, report)
    failure = _failure(walk, found)
    if failure.addresses or level > 1 or (report == "delivery-status" and not good):
        return failure, "bounce"
    return bounces.Failure(), kinds.kind_of(walk.headers, report)


def _report(walk: Walk) -> str:
    """The kind of the mail's multipart/report, "report" if it has none; empty if the mail is no report."""
    reports = (one for one in walk.containers if one.value == "multipart/report")
    return next((one.parameters.get("report-type", "").lower() or "report" for one in reports), "")


def _returns(headers: Headers, found: Gathered) -> bool:
    """Whether a mail is enclosed that the recipient of this one wrote."""
    to = {one.address.lower() for one in addresses(headers.raw("to"), "", _MOST_RECIPIENTS)}
    enclosed = (split(data, 0, len(data), _LONGEST_HEAD)[0] for data in found.enclosed[:_MOST_ENCLOSED])
    writers = filter(None, map(sender_of, enclosed))
    return any(one.address.lower() in to for one in writers if one.address)


def _failed_id(walk: Walk, found: Gathered, sender: Address | None) -> str:
    reported = bool(found.failures) and _report(walk) == "delivery-status"
    trusted = reported or kinds.is_mail_system(walk.headers, sender)
    return clean_text(bounces.failed_id(found.enclosed, found.words(), walk.headers, trusted=trusted))


def _failure(walk: Walk, found: Gathered) -> bounces.Failure:
    """The failed addresses of a bounce without a readable report."""
    named = addresses(walk.headers.raw("x-failed-recipients"))
    if named:
        return bounces.Failure(tuple(one.address for one in named))
    old = bounces.read_old(walk.data) if len(walk.containers) < 20 else bounces.Failure()
    return old if old.addresses else bounces.Failure(bounces.read_text(found.words()))


def _people(headers: Headers, name: str) -> tuple[Address, ...]:
    joined = ", ".join(headers.all(name))
    return tuple(map(_clean, addresses(joined, headers.hint, _MOST_RECIPIENTS))) if joined else ()


def _clean(one: Address) -> Address:
    return Address(clean_text(one.address), clean_text(one.name))


def _first(headers: Headers, name: str) -> str:
    """The first id of the last header that has one."""
    found = [ids([value], 20) for value in headers.all(name)]
    return next((clean_text(one[0]) for one in reversed(found) if one), "")


def _raw(headers: Headers, name: str) -> tuple[str, ...]:
    return tuple(clean_text(one_line(raw_text(value))) for value in headers.all(name)[:_MOST_OTHERS])
