"""Failures: a reply that never arrives brings its dialog back to whoever owns it, however long ago that was settled.

It is a task as well, until the reply is out after all. A dialog is locked before its letters: the other way round two
would wait for each other.
"""

from typing import Any

from sqlalchemy import Row, select

from storage import outbox, talk
from storage.db import Tx, now
from storage.journal import SYSTEM, Entry
from storage.outbox import CANCELLED, SENT
from storage.talk import DIALOGS, EPISODES, MESSAGES
from tasks import undelivered
from tasks.job import Errand


def lost(tx: Tx, message_id: int, why: str) -> list[Entry]:
    """A reply failed for good: its dialog is open again, and to reach the client another way is a task.

    Locks the dialog. What a machine wrote nobody waits for.
    """
    message = _message(tx, message_id)
    entries = bring_back(tx, message.dialog_id)
    if _is_automatic(tx, message):
        return entries
    errand = Errand(tx, now())
    reply = undelivered.Reply(message.id, message.dialog_id, message.text, why)
    undelivered.lost(errand, reply, _owner(tx, message.dialog_id))
    return entries + errand.entries


def awaited(tx: Tx, message_id: int) -> bool:
    """Whether the reply failed before, and something stands to be done in its place."""
    return undelivered.stands(tx, message_id)


def arrived(tx: Tx, message_id: int) -> list[Entry]:
    """A letter of the reply is out: once all are, what was to be done in their place is done.

    If it is awaited its dialog must be locked, and must have been before the letter.
    """
    if not awaited(tx, message_id):
        return []
    message = _message(tx, message_id)
    letters = outbox.of_messages(tx, [message_id])[message_id]
    under_way = any(one.action == "send" and one.state not in {SENT, CANCELLED} for one in letters)
    if under_way or "failed" in (message.data or {}).get("delivery", {}):
        return []
    errand = Errand(tx, now())
    undelivered.arrived(errand, message_id)
    return errand.entries


def bring_back(tx: Tx, dialog_id: int) -> list[Entry]:
    """Open the dialog's newest episode again if it is resolved; its owner keeps it unless he was let go.

    Locks the dialog: letters of it may only be locked afterwards.
    """
    (dialog,) = talk.lock_with_episodes(tx, [dialog_id])
    if dialog.episode_id is None or dialog.status != talk.RESOLVED:
        return []
    talk.reopen(tx, [dialog.episode_id])
    return [Entry("dialog.reopened", SYSTEM, dialog_id, {"episode": dialog.number})]


def _message(tx: Tx, message_id: int) -> Row[Any]:
    return tx.execute(select(MESSAGES).where(MESSAGES.c.id == message_id)).one()


def _is_automatic(tx: Tx, message: Row[Any]) -> bool:
    letters = outbox.of_messages(tx, [message.id]).get(message.id, [])
    return bool((message.data or {}).get("automatic")) or any(letter.automatic for letter in letters)


def _owner(tx: Tx, dialog_id: int) -> int | None:
    query = select(EPISODES.c.assignee_id).join(DIALOGS, DIALOGS.c.episode_id == EPISODES.c.id)
    owner: int | None = tx.execute(query.where(DIALOGS.c.id == dialog_id)).scalar_one_or_none()
    return owner
