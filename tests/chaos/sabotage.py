"""Sabotage: what a broken system would do, done behind its back, so that the check can be seen to notice."""

import asyncio
import contextlib
from collections.abc import Callable

from sqlalchemy import text

from storage import journal, talk
from storage.db import Database, Tx
from tests.chaos.daemons import Fleet
from tests.chaos.mail import MAIL

WAYS = ("lose", "double", "swap", "rename")
_WAIT = 15.0
# Letters whose arrival somebody outside notes; a widget shows what the dialog holds.
_NOTED = f"(recipient LIKE 'hook:%' OR channel = '{MAIL}')"


class Nothing(Exception):
    """There was nothing to break in time."""


async def sabotage(how: str, db: Database, fleet: Fleet) -> None:
    """Break one thing inbound, and one outbound if there is any; raises Nothing when there was not even the first."""
    if how == "rename":
        await _soon(db, _rename_mail)
        return
    if how == "lose":
        await _while_down("pipeline", fleet, db, _lose_raw)
    else:
        await _soon(db, _double_message if how == "double" else _swap_messages)
    with contextlib.suppress(Nothing):
        if how == "double":
            await _soon(db, _double_letter)
        else:
            await _while_down("deliver", fleet, db, _lose_letter if how == "lose" else _swap_letters)


async def _while_down(kind: str, fleet: Fleet, db: Database, work: Callable[[Tx], bool]) -> None:
    """Nobody of this kind may be about to finish what is tampered with."""
    daemons = fleet.of(kind)
    await asyncio.gather(*(daemon.hold_down() for daemon in daemons))
    try:
        await _soon(db, work)
    finally:
        for daemon in daemons:
            await daemon.start()


async def _soon(db: Database, work: Callable[[Tx], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + _WAIT
    while not await asyncio.to_thread(db.write, work):
        if asyncio.get_running_loop().time() > deadline:
            raise Nothing(work.__name__)
        await asyncio.sleep(0.05)


def _lose_raw(tx: Tx) -> bool:
    newest = "SELECT max(inbox_id) FROM inbox_queue"
    return tx.execute(text(f"DELETE FROM inbox_queue WHERE inbox_id = ({newest})")).rowcount == 1


def _lose_letter(tx: Tx) -> bool:
    newest = f"SELECT max(id) FROM outbox WHERE state = 'queued' AND {_NOTED}"
    update = f"UPDATE outbox SET state = 'sent', sent_at = created_at WHERE id = ({newest})"
    return tx.execute(text(update)).rowcount == 1


def _double_message(tx: Tx) -> bool:
    found = tx.execute(text("SELECT id, dialog_id FROM messages WHERE direction = 'in' ORDER BY id LIMIT 1")).first()
    if found is None:
        return False
    talk.lock(tx, [found.dialog_id])
    (fresh,) = talk.message_ids(tx, 1)
    bump = "UPDATE dialogs SET last_seq = last_seq + 1, last_in_seq = last_seq + 1 WHERE id = :id RETURNING last_seq"
    seq = tx.execute(text(bump), {"id": found.dialog_id}).scalar_one()
    copied = "dialog_id, episode_id, direction, channel, identity_id, text, sent_at, source_key"
    copy = (
        f"INSERT INTO messages (id, seq, external_id, {copied}) "
        f"SELECT :fresh, :seq, external_id || ' again', {copied} FROM messages WHERE id = :id"
    )
    tx.execute(text(copy), {"fresh": fresh, "seq": seq, "id": found.id})
    return True


def _double_letter(tx: Tx) -> bool:
    copied = (
        "message_id, dialog_id, part, channel, recipient, action, payload, automatic, maybe_twice, send_at, token, "
        "created_at"
    )
    first = f"SELECT min(id) FROM outbox WHERE state = 'sent' AND {_NOTED}"
    copy = (
        f"INSERT INTO outbox (state, attempts, next_at, {copied}) "
        f"SELECT 'queued', 0, send_at, {copied} FROM outbox WHERE id = ({first})"
    )
    return tx.execute(text(copy)).rowcount == 1


def _swap_messages(tx: Tx) -> bool:
    neighbours = (
        "SELECT a.dialog_id, a.id AS one, a.seq AS low, b.id AS other, b.seq AS high FROM messages a "
        "JOIN messages b ON b.dialog_id = a.dialog_id AND b.identity_id = a.identity_id AND b.seq > a.seq "
        "WHERE a.direction = 'in' AND b.direction = 'in' ORDER BY a.id, b.seq LIMIT 1"
    )
    found = tx.execute(text(neighbours)).first()
    if found is None:
        return False
    talk.lock(tx, [found.dialog_id])
    for message, seq in ((found.one, -1), (found.other, found.low), (found.one, found.high)):
        tx.execute(text("UPDATE messages SET seq = :seq WHERE id = :id"), {"seq": seq, "id": message})
    return True


def _swap_letters(tx: Tx) -> bool:
    lane = (
        "SELECT a.id AS one, b.id AS other FROM "
        f"(SELECT id, dialog_id, recipient FROM outbox WHERE state = 'queued' AND {_NOTED}) a "
        "JOIN outbox b ON b.dialog_id = a.dialog_id AND b.recipient = a.recipient AND b.id > a.id "
        "WHERE b.state = 'queued' LIMIT 1"
    )
    found = tx.execute(text(lane)).first()
    if found is None:
        return False
    for letter, number in ((found.one, -1), (found.other, found.one), (-1, found.other)):
        tx.execute(text("UPDATE outbox SET id = :number WHERE id = :id"), {"number": number, "id": letter})
    return True


def _rename_mail(tx: Tx) -> bool:
    """A mail goes once more as if nobody knew its outcome, told and marked, but by another name."""
    first = f"SELECT min(id) FROM outbox WHERE state = 'sent' AND channel = '{MAIL}'"
    again = (
        "UPDATE outbox SET id = -1, state = 'queued', maybe_twice = :yes, next_at = send_at "
        f"WHERE id = ({first}) RETURNING message_id, dialog_id"
    )
    found = tx.execute(text(again), {"yes": True}).first()
    if found is None:
        return False
    told = {"message": found.message_id, "letter": -1, "channel": MAIL}
    journal.append(tx, [journal.Entry("message.unconfirmed", journal.SYSTEM, found.dialog_id, told)])
    return True
