"""From a mail that was read to envelopes: who wrote, what it says, what it may answer, and what it is."""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from connectors.base import DeliveryReport, Envelope, File, Message, Sender
from connectors.email.mime import Address, Attachment, Mail
from connectors.email.postal import bare, is_anybody, same
from connectors.email.raws import IMPORTED, Known, folder_of
from connectors.email.reading import Reading
from connectors.email.senders import addressee, is_ours, sender_of, unread
from connectors.email.settings import EmailSettings
from connectors.email.threading import aliases_of, candidates, key_of, thread_of, tokens_in, without_token
from connectors.text import clean_name

# How many servers may have handed a mail on: more are a circle.
_MOST_HOPS = 50
# Seconds before and after its arrival that a mail's own date is believed.
_LATE, _EARLY = 30 * 86400, 300


def envelopes_of(key: str, known: Known, reading: Reading, settings: EmailSettings) -> list[Envelope]:
    """What a mail becomes.

    A bounce of a letter of ours is that letter's report, and is shown all the same.
    """
    mail, message = reading.mail, _message(key, known, reading, settings)
    sure = bool(message.sender.proofs) or folder_of(key) == IMPORTED
    if sure and same(message.sender.address, settings.address) and (to := addressee(mail, settings)):
        # Of ours to a client: in copy to ourselves, or out of a file.
        return [_sent(message, mail, to, settings)]
    found: list[Envelope] = []
    if mail.kind == "bounce" and mail.bounced_id and not mail.delayed and not message.claimed:
        reason = ", ".join(mail.bounced) or "the mail came back"
        found.append(DeliveryReport(key_of(mail.bounced_id), "failed", message.sent_at, clean_name(reason, 300)))
    return [*found, message]


def sent_of(key: str, known: Known, reading: Reading, settings: EmailSettings) -> list[Envelope]:
    """What a mail becomes that our side wrote with another program: our words to its first recipient."""
    to = addressee(reading.mail, settings)
    return [_sent(_message(key, known, reading, settings), reading.mail, to, settings)] if to else []


def stub(key: str, known: Known, address: str, why: str, settings: EmailSettings) -> list[Envelope]:
    """What a mail becomes that cannot be read: people see that there was one, and the original is kept."""
    said, sender = f"[Письмо не удалось прочитать: {why}]", unread(address, settings)
    message = Message(key, sender, said, _came(known), history=known.history, **_doubts(sender))
    # Of one that its server does not give there is none.
    return [replace(message, original=not known.refused)]


def _sent(message: Message, mail: Mail, to: Sender, settings: EmailSettings) -> Message:
    author = mail.sender.name if mail.sender else ""
    return replace(
        message, sender=to, direction="out", author=author, ours=True, thread=None, claimed="", forgeable=False,
        aliases=(*tokens_in(mail.loops), *aliases_of(mail, to.address)),
        answers=candidates(mail, settings.address, to.address),
    )  # fmt: skip


def _doubts(sender: Sender) -> dict[str, Any]:
    """What a message says of a sender who is not believed."""
    address = bare(sender.address)
    return {"claimed": address, "forgeable": is_anybody(sender.address)} if address != sender.address else {}


def _message(key: str, known: Known, reading: Reading, settings: EmailSettings) -> Message:
    mail, own, sender = reading.mail, settings.address, sender_of(reading.mail, settings)
    return Message(
        key,
        sender,
        reading.own or _placeholder(mail),
        _moment(mail, known),
        source_key=key.rpartition(":")[2].rjust(20, "0"),
        files=tuple(map(_file, mail.attachments)),
        data=_data(known, reading, own) or None,
        history=known.history,
        # Mailing lists too bring what clients write: many a shop's address is one.
        automatic=mail.kind in {"auto", "bounce"} or _circles(mail, own),
        aliases=aliases_of(mail, sender.address),
        answers=candidates(mail, own, sender.address),
        thread=thread_of(mail) or None,
        ours=is_ours(mail, settings),
        original=True,
        **_doubts(sender),
    )


def _file(one: Attachment) -> File:
    """A file under its content id, by which the mail's page shows it."""
    return File(one.name, one.type, len(one.data), one.data, key=one.content_id)


def _circles(mail: Mail, own: str) -> bool:
    """Whether a machine answers one of our own mails with what it got, or passes it on and on."""
    return mail.received > _MOST_HOPS or any(same(without_token(one), own) for one in mail.loops)


def _data(known: Known, reading: Reading, own: str) -> dict[str, Any]:
    mail = reading.mail
    notes = list(mail.notes)
    if known.cut:
        notes.append(f"письмо больше предела ({known.cut} байт): здесь только его начало")
    told: dict[str, Any] = {
        "subject": mail.subject,
        "to": [_shown(each) for each in mail.to],
        "cc": [_shown(each) for each in mail.cc],
        "mail": _kind(mail, own),
        "notes": notes,
    }
    if reading.cuts or reading.page:
        told["whole"] = _whole(reading)
    return {name: value for name, value in told.items() if value}


def _whole(reading: Reading) -> dict[str, Any]:
    """All of the mail, of which the message's text is what is new."""
    whole: dict[str, Any] = {"text": reading.full, "cuts": [list(cut) for cut in reading.cuts]}
    return whole | {"html": reading.page} if reading.page else whole


def _kind(mail: Mail, own: str) -> str:
    if mail.kind in {"client", "bulk"} and _circles(mail, own):
        return "auto"
    return "" if mail.kind == "client" else mail.kind


def _shown(address: Address) -> str:
    return f"{address.name} <{address.address}>" if address.name else address.address


def _placeholder(mail: Mail) -> str:
    if mail.attachments:
        return ""
    return f"[Письмо без текста: {mail.subject}]" if mail.subject else "[Письмо без текста]"


def _moment(mail: Mail, known: Known) -> datetime:
    """When it was written, as far as its own date can be believed."""
    written = mail.date
    if written is not None and known.at - _LATE <= written.timestamp() <= known.at + _EARLY:
        return written
    return _came(known)


def _came(known: Known) -> datetime:
    return datetime.fromtimestamp(known.at, UTC)
