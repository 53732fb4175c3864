"""From a mail that was read to envelopes: who wrote, what it says, what it may answer, and what it is."""

from datetime import UTC, datetime
from typing import Any

from connectors.base import DeliveryReport, Envelope, File, Message, Sender
from connectors.email.mime import Address, Mail
from connectors.email.pages.html import sanitised
from connectors.email.raws import Known
from connectors.email.reading import Reading
from connectors.text import clean_name

_MOST_REFERENCES = 40
_NOBODY = "unknown@invalid"
# Seconds before and after its arrival that a mail's own date is believed.
_LATE, _EARLY = 30 * 86400, 300


def envelopes_of(key: str, known: Known, reading: Reading, own: str = "") -> list[Envelope]:
    """What a mail to the address `own` becomes.

    A bounce of a letter of ours is that letter's report, and is shown all the same.
    """
    mail = reading.mail
    found: list[Envelope] = []
    if mail.kind == "bounce" and mail.bounced_id and not mail.delayed:
        reason = ", ".join(mail.bounced) or "the mail came back"
        found.append(DeliveryReport(mail.bounced_id, "failed", _moment(mail, known), clean_name(reason, 300)))
    return [*found, _message(key, known, reading, own)]


def stub(key: str, known: Known, address: str, why: str) -> list[Envelope]:
    """What a mail becomes that cannot be read: people see that there was one, and the original is kept."""
    said = f"[Письмо не удалось прочитать: {why}]"
    return [Message(key, Sender(address or _NOBODY, email=address), said, _came(known), history=known.history)]


def _message(key: str, known: Known, reading: Reading, own: str) -> Message:
    mail = reading.mail
    return Message(
        key,
        _sender(mail, own),
        reading.own or _placeholder(mail),
        _moment(mail, known),
        source_key=key.rpartition(":")[2].rjust(20, "0"),
        files=tuple(File(each.name, each.type, len(each.data), each.data) for each in mail.attachments),
        data=_data(known, reading) or None,
        history=known.history,
        # Mailing lists too bring what clients write: many a shop's address is one.
        automatic=mail.kind in {"auto", "bounce"},
        aliases=(mail.message_id,) if mail.message_id else (),
        answers=_candidates(mail, own),
        thread=_thread(mail) or None,
    )


def _candidates(mail: Mail, own: str) -> tuple[str, ...]:
    """What it may answer, the likeliest first: by the address it came to, what it names, the thread from its end."""
    local, _, domain = own.lower().rpartition("@")
    tokens = [
        f"+{token}"
        for to in (*mail.to, *mail.cc)
        for name, plus, token in [to.address.lower().rpartition("@")[0].partition("+")]
        if plus and token and name == local and to.address.lower().endswith(f"@{domain}")
    ]
    named = [mail.in_reply_to] if mail.in_reply_to else []
    return tuple(dict.fromkeys([*tokens, *named, *reversed(mail.references)]))[:_MOST_REFERENCES]


def _thread(mail: Mail) -> dict[str, Any]:
    told = {
        "id": mail.message_id,
        "references": list(mail.references[-_MOST_REFERENCES:]),
        "subject": mail.subject,
    }
    return {name: value for name, value in told.items() if value}


def _data(known: Known, reading: Reading) -> dict[str, Any]:
    mail = reading.mail
    notes = list(mail.notes)
    if known.cut:
        notes.append(f"письмо больше предела ({known.cut} байт): здесь только его начало")
    told: dict[str, Any] = {
        "subject": mail.subject,
        "to": [_shown(each) for each in mail.to],
        "cc": [_shown(each) for each in mail.cc],
        "mail": "" if mail.kind == "client" else mail.kind,
        "notes": notes,
    }
    if reading.cuts or mail.html:
        told["whole"] = _whole(reading)
    return {name: value for name, value in told.items() if value}


def _whole(reading: Reading) -> dict[str, Any]:
    """All of the mail, of which the message's text is what is new."""
    whole: dict[str, Any] = {"text": reading.full, "cuts": [list(cut) for cut in reading.cuts]}
    return whole | {"html": sanitised(reading.mail.html)} if reading.mail.html else whole


def _shown(address: Address) -> str:
    return f"{address.name} <{address.address}>" if address.name else address.address


def _sender(mail: Mail, own: str) -> Sender:
    who = mail.sender or Address(_NOBODY)
    if who.address.lower() == own.lower() and mail.reply_to:
        # A form on the shop's own site writes in the shop's name; any other Reply-To would let strangers have what is
        # answered to somebody else.
        who = mail.reply_to[0]
    return Sender(who.address.lower(), who.name, email=who.address.lower())


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
