"""Writing: replies that leave as letters, notes that never can, and the first word to a client."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Row, func, select, update

from dialogs import desk
from dialogs.access import IDENTITIES, demand
from dialogs.work import Work
from errors import Invalid
from storage import attachments, bulk, departments, outbox, talk, triage
from storage.talk import DIALOGS, EPISODES, MESSAGES, OPEN

_AHEAD = timedelta(days=366)
# How much of what the client wrote goes along with an answer, in characters.
_QUOTED = 20_000
# How many messages back one is looked for that no machine wrote.
_RECENT = 20


class Part(Protocol):
    """What one letter of a message carries; `files` are positions in the message's list of files."""

    @property
    def text(self) -> str:
        """The text, maybe empty."""

    @property
    def files(self) -> Sequence[int]:
        """Which files go along."""

    @property
    def spans(self) -> Sequence[Any]:
        """The looks of stretches of the text."""

    @property
    def buttons(self) -> Sequence[Sequence[Any]]:
        """Rows of buttons below it."""


class Draft(NamedTuple):
    """What an operator wants to say.

    `files` are ids of his uploads, `reply_to` a message of the dialog, `seen_up_to` the arrival number of the newest
    message he saw, `send_at` a time ahead. `html` is the text with its looks, and `spans` are these looks; `buttons`
    are rows of {text, data?, url?}.
    """

    text: str
    files: Sequence[str] = ()
    reply_to: int | None = None
    channel: str | None = None
    seen_up_to: int | None = None
    send_at: datetime | None = None
    html: str | None = None
    spans: Sequence[Any] = ()
    buttons: Sequence[Sequence[dict[str, str]]] = ()


# (channel, draft, its files' rows) -> what each letter carries; raises Invalid for what cannot go there.
Split = Callable[[str, Draft, Sequence[Any]], Sequence[Part]]


def reply(work: Work, dialog_id: int, draft: Draft, split: Split) -> int:
    """Send the draft to the client; gives back the message's id.

    It goes where he wrote last, or to his address in the channel the draft names. In a dialog that is resolved its
    last episode goes on. Everything said before counts as read.
    """
    demand(work.actor, "dialog.write")
    dialog = desk.locked(work, dialog_id)
    if draft.seen_up_to is not None:
        desk.not_stale(dialog, desk.seq_of(work, dialog, draft.seen_up_to, "seen_up_to"))
    desk.reopen(work, dialog)
    return _send(work, dialog, draft, split)


def note(work: Work, dialog_id: int, text: str, files: Sequence[str] = ()) -> int:
    """Leave word for the colleagues; gives back the message's id. The dialog keeps its place in the list."""
    demand(work.actor, "dialog.write")
    dialog = desk.locked(work, dialog_id)
    return _write(work, dialog, "note", Draft(text, files), None)


def write_first(work: Work, client_id: int, draft: Draft, split: Split) -> tuple[int, int]:
    """Write to a client who may have asked nothing: (dialog id, message id).

    Unless an episode is open, a new one begins and belongs to the writer.
    """
    demand(work.actor, "dialog.write")
    dialog = _dialog_of(work, client_id)
    episode = talk.episodes(work.tx, [dialog.episode_id]).get(dialog.episode_id) if dialog.episode_id else None
    if episode is None or episode.status != OPEN:
        _open_episode(work, dialog)
        dialog = desk.locked(work, dialog.id)
    return dialog.id, _send(work, dialog, draft, split)


def _send(work: Work, dialog: Row[Any], draft: Draft, split: Split) -> int:
    if draft.send_at and not work.at < draft.send_at < work.at + _AHEAD:
        raise Invalid("send_at: give a time ahead, within a year.", field="send_at")
    if draft.reply_to is not None:
        draft = draft._replace(reply_to=_answerable(work, dialog, draft.reply_to))
    recipient = _recipient(work, dialog, draft.channel)
    message_id = _write(work, dialog, "out", draft, recipient)
    files = attachments.of_messages(work.tx, [message_id]).get(message_id, [])
    parts = split(recipient.channel, draft, files)
    answers, asked = _answered(work, recipient, draft.reply_to), _asked(work, dialog, recipient, draft.reply_to)
    letters, signed = [], written_by(work)
    for number, part in enumerate(parts):
        payload: dict[str, Any] = {"text": part.text, "files": [files[at].id for at in part.files]}
        payload |= signed | looks(part) | asked
        if answers:
            payload["below" if number else "reply_to"] = answers
        # One quote is enough.
        asked.pop("quoted", None)
        letters.append(
            outbox.NewLetter(
                message_id, dialog.id, number, recipient.channel, recipient.address, "send", payload,
                draft.send_at or work.at,
            )
        )  # fmt: skip
    outbox.put(work.tx, letters)
    work.channels.add(recipient.channel)
    work.tx.execute(
        update(EPISODES)
        .where(EPISODES.c.id == dialog.episode_id, EPISODES.c.first_reply_at.is_(None))
        .values(first_reply_at=work.at)
    )
    return message_id


def read(work: Work, message_id: int, dialog_id: int, why: triage.Kind) -> None:
    """Have a reply read for tasks: for what it promises, and what it settles."""
    triage.put(work.tx, [triage.ToRead(message_id, dialog_id, why)])
    work.pipeline = True


def written_by(work: Work) -> dict[str, str]:
    """What a letter's payload holds of who writes it: his name, and his department's signature if it has one."""
    signature = departments.signature_of(work.tx, work.actor.id)
    return {"author": work.actor.name} | ({"signature": signature} if signature else {})


def looks(part: Part) -> dict[str, Any]:
    """What a letter's payload holds beside text and files."""
    shown = {"spans": part.spans, "buttons": part.buttons}
    return {name: msgspec.to_builtins(value) for name, value in shown.items() if value}


def _write(work: Work, dialog: Row[Any], direction: str, draft: Draft, recipient: Row[Any] | None) -> int:
    """The message's row, its files, the dialog moved on; a note changes neither its place nor its last words."""
    if not draft.text.strip() and not draft.files:
        raise Invalid("text: there is nothing to say.", field="text")
    if dialog.episode_id is None:
        raise Invalid("Nothing was said in this dialog yet.")
    message_id, seq = talk.message_ids(work.tx, 1)[0], dialog.last_seq + 1
    row = talk.NewMessage(
        message_id, dialog.id, seq, dialog.episode_id, direction, draft.text, draft.send_at or work.at,
        recipient.channel if recipient else None, None, recipient.id if recipient else None, work.actor.id,
        html=draft.html, reply_to=draft.reply_to,
    )  # fmt: skip
    bulk.insert(work.tx, MESSAGES, talk.NewMessage._fields, [row])
    _attach(work, message_id, draft.files)
    moved: dict[str, Any] = {"last_seq": seq}
    told: dict[str, Any] = {"message": message_id, "seq": seq, "channel": row.channel, "direction": direction}
    if direction == "out":
        moved |= {"last_message_id": message_id, "last_at": work.at}
        desk.mark_read(work, dialog, dialog.last_seq)
        moved["read_seq"] = seq
        if draft.send_at:
            told["send_at"] = draft.send_at
        read(work, message_id, dialog.id, "new")
    work.tx.execute(update(DIALOGS).where(DIALOGS.c.id == dialog.id).values(**moved))
    work.tell("message.created", dialog.id, **told)
    return message_id


def _recipient(work: Work, dialog: Row[Any], channel: str | None) -> Row[Any]:
    """The client's address to write to: the one he used last, in the channel if one is named."""
    own = IDENTITIES.c.client_id == dialog.client_id
    query = select(IDENTITIES).where(own if channel is None else own & (IDENTITIES.c.channel == channel))
    found = {row.id: row for row in work.tx.execute(query.order_by(IDENTITIES.c.id))}
    if not found:
        where = f" in the channel {channel}" if channel else ""
        raise Invalid(f"The client has no address{where}.", field="channel")
    chosen = found.get(_last_used(work, dialog, channel) or 0)
    if chosen is None:
        chosen = max(found.values(), key=lambda row: (row.reachable, row.id))
    if not chosen.reachable:
        raise Invalid(f"The client can no longer be reached in the channel {chosen.channel}.", field="channel")
    return chosen


def _last_used(work: Work, dialog: Row[Any], channel: str | None) -> int | None:
    query = select(MESSAGES.c.identity_id).where(MESSAGES.c.dialog_id == dialog.id)
    if channel is None:
        query = query.where(MESSAGES.c.seq == dialog.last_in_seq)
    else:
        query = query.where(MESSAGES.c.channel == channel, MESSAGES.c.direction == "in")
    found: int | None = work.tx.execute(query.order_by(MESSAGES.c.seq.desc()).limit(1)).scalar_one_or_none()
    return found


def _answerable(work: Work, dialog: Row[Any], reply_to: int) -> int:
    """The id of a message of the dialog that a client can know of; its arrival number is understood."""
    by = MESSAGES.c.seq if reply_to <= dialog.last_seq else MESSAGES.c.id
    query = select(MESSAGES.c.id).where(
        MESSAGES.c.dialog_id == dialog.id, by == reply_to, MESSAGES.c.direction.in_(("in", "out"))
    )
    found: int | None = work.tx.execute(query).scalar_one_or_none()
    if found is None:
        raise Invalid(f"reply_to: the dialog has no message {reply_to} to answer.", field="reply_to")
    return found


def _answered(work: Work, recipient: Row[Any], reply_to: int | None) -> str | None:
    """What the recipient's channel calls the answered message; nothing if it is unknown there."""
    if reply_to is None:
        return None
    key: str | None = work.tx.execute(
        select(MESSAGES.c.external_id).where(MESSAGES.c.id == reply_to, MESSAGES.c.channel == recipient.channel)
    ).scalar_one_or_none()
    return key


def _asked(work: Work, dialog: Row[Any], recipient: Row[Any], reply_to: int | None) -> dict[str, Any]:
    """What a letter's payload holds of what it answers: its thread, and its words where they go along.

    That is the message it is a reply to, or else the newest from there that no machine wrote.
    """
    own = (MESSAGES.c.dialog_id == dialog.id, MESSAGES.c.identity_id == recipient.id, MESSAGES.c.direction == "in")
    columns = (MESSAGES.c.id, MESSAGES.c.data, MESSAGES.c.text, MESSAGES.c.sent_at, MESSAGES.c.deleted_at)
    newest_first = select(*columns).where(*own).order_by(MESSAGES.c.seq.desc())
    recent = work.tx.execute(newest_first.limit(_RECENT)).all()
    chosen = work.tx.execute(newest_first.where(MESSAGES.c.id == reply_to)).all() if reply_to else []
    written = [row for row in recent if not (row.data or {}).get("automatic")]
    newest = next(iter([*chosen, *written, *recent]), None)
    if newest is None:
        return {}
    thread = (newest.data or {}).get("thread")
    asked: dict[str, Any] = {"thread": thread} if thread else {}
    if newest.text.strip() and newest.deleted_at is None and work.can(recipient.channel, "quote"):
        text = newest.text if len(newest.text) <= _QUOTED else f"{newest.text[:_QUOTED]}\n[…]"
        asked["quoted"] = {"text": text, "name": recipient.name, "at": newest.sent_at.isoformat()}
    return asked


def _attach(work: Work, message_id: int, files: Sequence[str]) -> None:
    owner = attachments.operator(work.actor.id)
    wanted = [attachments.Claim(message_id, at, owner, file) for at, file in enumerate(files)]
    missing = set(files) - attachments.attach(work.tx, wanted)
    if missing or len(set(files)) != len(files):
        raise Invalid("files: not all of them are uploads of yours that are still free.", field="files")


def _dialog_of(work: Work, client_id: int) -> Row[Any]:
    """The client's dialog, made if need be, and locked."""
    known = select(DIALOGS.c.id).where(DIALOGS.c.client_id == client_id)
    dialog_id = work.tx.execute(known).scalar_one_or_none()
    if dialog_id is None:
        if not _is_client(work, client_id):
            raise Invalid(f"client: there is no client {client_id}.", field="client")
        columns = ("client_id", "last_seq", "last_in_seq", "read_seq", "unread", "last_at", "created_at")
        bulk.insert_new(work.tx, DIALOGS, columns, [(client_id, 0, 0, 0, 0, work.at, work.at)], ("id",))
        dialog_id = work.tx.execute(known).scalar_one()
    return desk.locked(work, dialog_id)


def _is_client(work: Work, client_id: int) -> bool:
    found = select(IDENTITIES.c.id).where(IDENTITIES.c.client_id == client_id).limit(1)
    return work.tx.execute(found).one_or_none() is not None


def _open_episode(work: Work, dialog: Row[Any]) -> None:
    last = select(func.coalesce(func.max(EPISODES.c.number), 0)).where(EPISODES.c.dialog_id == dialog.id)
    number = work.tx.execute(last).scalar_one() + 1
    episode_id = talk.episode_ids(work.tx, 1)[0]
    columns = ("id", "dialog_id", "number", "status", "assignee_id", "opened_at")
    bulk.insert(work.tx, EPISODES, columns, [(episode_id, dialog.id, number, OPEN, work.actor.id, work.at)])
    work.tx.execute(update(DIALOGS).where(DIALOGS.c.id == dialog.id).values(episode_id=episode_id))
    work.tell("dialog.opened", dialog.id, episode=number, after={"assignee": work.actor.id})
