"""Rewriting: operators change or take back what they sent, as far as its channel lets them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update

from dialogs import desk
from dialogs.access import demand
from dialogs.work import Work
from dialogs.writing import Draft, Split, looks, read, written_by
from errors import Invalid, NotFound
from storage import attachments, outbox
from storage.outbox import CANCELLED, FAILED, HELD, OUTBOX, QUEUED, UNCONFIRMED
from storage.talk import MESSAGES

_PERHAPS_THERE = "taken back while nobody knew whether it had arrived: it may be there, and can only be deleted there"


def rewrite(work: Work, dialog_id: int, message_id: int, draft: Draft, split: Split) -> None:
    """Give a reply other words; its files stay. A letter says so to the client, behind those that are under way."""
    row, letters = _ours(work, dialog_id, message_id)
    if not draft.text.strip():
        raise Invalid("text: there is nothing to say.", field="text")
    worded = [letter for letter in letters if letter.payload["text"]]
    files = attachments.of_messages(work.tx, [row.id]).get(row.id, [])
    parts = [part for part in split(letters[0].channel, draft, files) if part.text]
    if len(worded) != 1 or len(parts) != 1:
        raise Invalid("text: it is more than one message there, and only a single one can be changed.", field="text")
    if worded[0].payload.get("files") and not parts[0].files:
        raise Invalid("text: it is too long to stand below its files there.", field="text")
    _say_otherwise(work, worded[0], {"text": parts[0].text, **looks(parts[0])})
    values = {"text": draft.text, "html": draft.html, "edited_at": work.at}
    work.tx.execute(update(MESSAGES).where(MESSAGES.c.id == row.id).values(**values))
    read(work, row.id, dialog_id, "edited")
    told = {"message": row.id, "seq": row.seq, "channel": row.channel}
    work.tell("message.edited", dialog_id, **told, before=row.text, after=draft.text)


def take_back(work: Work, dialog_id: int, message_id: int) -> None:
    """Take a reply back: what has not left never does, and what has is deleted in its channel."""
    row, letters = _ours(work, dialog_id, message_id)
    # One in doubt may be out there already: that is for the channel to say, where it can be asked.
    waiting = [letter.id for letter in letters if not (letter.in_doubt and work.can(letter.channel, "find"))]
    stopped = {one.id for one in outbox.change(work.tx, CANCELLED, OUTBOX.c.id.in_(waiting), (QUEUED, HELD))}
    unsure = [letter.id for letter in letters if letter.id in stopped and letter.in_doubt]
    outbox.change(work.tx, CANCELLED, OUTBOX.c.id.in_(unsure), (CANCELLED,), error=_PERHAPS_THERE)
    out = [letter for letter in letters if letter.id not in stopped and letter.state not in (FAILED, CANCELLED)]
    if out:
        _demand_able(work, out[0].channel, "delete")
        _put(work, out, "delete", {"text": "", "files": [], **written_by(work)})
    work.tx.execute(update(MESSAGES).where(MESSAGES.c.id == row.id).values(deleted_at=work.at))
    read(work, row.id, dialog_id, "deleted")
    work.tell("message.deleted", dialog_id, message=row.id, seq=row.seq, channel=row.channel)


def _say_otherwise(work: Work, letter: Row[Any], words: dict[str, Any]) -> None:
    """In the letter itself if it cannot have left yet, else by one behind it."""
    kept = {name: value for name, value in letter.payload.items() if name not in {"text", "spans"}}
    unsent = OUTBOX.c.id == letter.id, OUTBOX.c.state.in_((QUEUED, HELD)), ~OUTBOX.c.in_doubt
    if work.tx.execute(update(OUTBOX).where(*unsent).values(payload=kept | words)).rowcount:
        return
    if letter.state in {FAILED, CANCELLED, UNCONFIRMED}:
        raise Invalid(f"The reply is {letter.state}; retry it, or write another one.")
    _demand_able(work, letter.channel, "edit")
    _put(work, [letter], "edit", {**kept, "files": [], "signature": "", **written_by(work), **words})


def _ours(work: Work, dialog_id: int, message_id: int) -> tuple[Row[Any], Sequence[Row[Any]]]:
    """A reply that was written here, and the letters it went out by; the dialog is locked."""
    demand(work.actor, "dialog.write")
    dialog = desk.locked(work, dialog_id)
    # An arrival number is understood, as everywhere.
    by = MESSAGES.c.seq if message_id <= dialog.last_seq else MESSAGES.c.id
    query = select(MESSAGES).where(MESSAGES.c.dialog_id == dialog_id, by == message_id, MESSAGES.c.deleted_at.is_(None))
    row = work.tx.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"The dialog has no message {message_id}.")
    letters = [one for one in outbox.of_messages(work.tx, [row.id]).get(row.id, []) if one.action == "send"]
    if not letters:
        raise Invalid("Only a reply that was sent from here can be changed.")
    return row, letters


def _demand_able(work: Work, channel: str, what: str) -> None:
    if not work.can(channel, what):
        raise Invalid(f"The channel {channel} has no way to {what} what was sent.")


def _put(work: Work, letters: Sequence[Row[Any]], action: str, payload: dict[str, Any]) -> None:
    changes = [
        outbox.NewLetter(one.message_id, one.dialog_id, one.part, one.channel, one.recipient, action, payload, work.at)
        for one in letters
    ]
    outbox.put(work.tx, changes)
    work.channels |= {one.channel for one in letters}
