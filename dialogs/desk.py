"""The desk: an operator takes a dialog, gives it away, resolves, reopens and reads it.

Every change runs under the dialog's lock and says which state it starts from: of two operators who race, one gets his
way and the other a Conflict.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, and_, func, select, update

from dialogs import signals, status
from dialogs.access import demand
from dialogs.work import Work
from errors import Conflict, Invalid, NotFound, Stale
from storage import operators, talk
from storage.talk import DIALOGS, EPISODES, MESSAGES

Step = Callable[[status.State], status.State]


class Wish(NamedTuple):
    """What is to change in a dialog; `assignee` counts only when `assigns`."""

    status: Literal["open", "resolved"] | None = None
    assigns: bool = False
    assignee: int | None = None
    read_up_to: int | None = None


def change(work: Work, dialog_id: int, wish: Wish) -> bool:
    """Carry out the wish as one: all of it or, on a Refusal, nothing; whether this has resolved the dialog.

    With `read_up_to` nothing is resolved that the client has written to since (Stale).
    """
    demand(work.actor, "dialog.write")
    dialog = locked(work, dialog_id)
    seen = None if wish.read_up_to is None else seq_of(work, dialog, wish.read_up_to, "read_up_to")
    if wish.status == "resolved" and seen is not None:
        not_stale(dialog, seen)
    if wish.status == "open":
        reopen(work, dialog)
    if wish.assigns:
        _assign(work, dialog, wish.assignee)
    resolves = wish.status == "resolved" and _move(work, dialog, status.resolve, "dialog.resolved", resolved_at=work.at)
    if seen is not None:
        mark_read(work, dialog, seen)
    return resolves


def locked(work: Work, dialog_id: int) -> Row[Any]:
    """The dialog, ours until the transaction ends; raises NotFound."""
    dialog = talk.lock(work.tx, [dialog_id]).get(dialog_id)
    if dialog is None:
        raise NotFound(f"There is no dialog {dialog_id}.")
    return dialog


def reopen(work: Work, dialog: Row[Any]) -> None:
    """Open the newest episode again, unless it is open; an owner who has left gives it to the queue."""
    if not _move(work, dialog, status.reopen, "dialog.reopened", resolved_at=None):
        return
    episode = _episode(work, dialog)
    if episode.assignee_id is not None and not operators.at_work(work.tx, episode.assignee_id):
        _save(work, episode, status.State(episode.status, None))
        _tell(work, episode, "dialog.assigned", {"assignee": episode.assignee_id}, {"assignee": None})


def mark_read(work: Work, dialog: Row[Any], seq: int) -> None:
    """Everything up to `seq` is read; never backwards."""
    if seq <= dialog.read_seq:
        return
    later = select(func.count()).where(
        MESSAGES.c.dialog_id == dialog.id, MESSAGES.c.seq > seq, MESSAGES.c.direction == "in"
    )
    # What was never counted as unread, such as history taken in later, does not become so now.
    left = min(dialog.unread, work.tx.execute(later).scalar_one()) if dialog.last_in_seq > seq else 0
    work.tx.execute(update(DIALOGS).where(DIALOGS.c.id == dialog.id).values(read_seq=seq, unread=left))
    if dialog.unread:
        before, after = ({"read_seq": s, "unread": u} for s, u in ((dialog.read_seq, dialog.unread), (seq, left)))
        work.tell("dialog.read", dialog.id, before=before, after=after)
        signals.read(work, dialog, seq)


def seq_of(work: Work, dialog: Row[Any], value: int, field: str) -> int:
    """An arrival number in the dialog; a message's id given for it is understood. Raises Invalid."""
    if value <= dialog.last_seq:
        return value
    # Ids begin above any arrival number, so the one is never taken for the other.
    own = select(MESSAGES.c.seq).where(MESSAGES.c.id == value, MESSAGES.c.dialog_id == dialog.id)
    seq: int | None = work.tx.execute(own).scalar_one_or_none()
    if seq is None:
        raise Invalid(f"{field}: the dialog's newest message is {dialog.last_seq}.", field=field)
    return seq


def not_stale(dialog: Row[Any], seen: int) -> None:
    """Raise Stale when the client wrote after what was seen."""
    if dialog.last_in_seq > seen:
        raise Stale("The client wrote after what you have seen.", last_seq=dialog.last_seq)


def _assign(work: Work, dialog: Row[Any], to: int | None) -> None:
    episode = _episode(work, dialog)
    before = status.State(episode.status, episode.assignee_id)
    after = status.assign(before, to, work.actor.id)
    if after == before:
        return
    if to is not None and not operators.at_work(work.tx, to):
        raise Invalid(f"assignee: there is no operator {to} who can be given work.", field="assignee")
    _save(work, episode, after)
    _tell(work, episode, "dialog.assigned", {"assignee": before.assignee_id}, {"assignee": to})


def _move(work: Work, dialog: Row[Any], step: Step, kind: str, *, resolved_at: datetime | None) -> bool:
    episode = _episode(work, dialog)
    before = status.State(episode.status, episode.assignee_id)
    after = step(before)
    if after == before:
        return False
    _save(work, episode, after, resolved_at=resolved_at)
    _tell(work, episode, kind, {"status": before.status}, {"status": after.status})
    return True


def _episode(work: Work, dialog: Row[Any]) -> Row[Any]:
    found = None if dialog.episode_id is None else talk.episodes(work.tx, [dialog.episode_id]).get(dialog.episode_id)
    if found is None:
        raise Conflict("Nothing was said in this dialog yet.")
    return found


def _save(work: Work, episode: Row[Any], after: status.State, **values: Any) -> None:
    owner = EPISODES.c.assignee_id
    same_owner = owner.is_(None) if episode.assignee_id is None else owner == episode.assignee_id
    unchanged = and_(EPISODES.c.id == episode.id, EPISODES.c.status == episode.status, same_owner)
    done = work.tx.execute(update(EPISODES).where(unchanged).values(**after._asdict(), **values))
    if done.rowcount != 1:
        raise Conflict("Somebody else changed the dialog at the same moment.")


def _tell(work: Work, episode: Row[Any], kind: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    work.tell(kind, episode.dialog_id, episode=episode.number, before=before, after=after)
