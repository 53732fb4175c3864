"""Echoes: our own letters as their channel tells them back to us. They are no new messages, but proof of arrival."""

from collections.abc import Sequence

from connectors.base import Message
from pipeline import failures
from pipeline.identify import Written
from storage import outbox, talk
from storage.db import Tx, now
from storage.journal import SYSTEM, Entry

# What is known to have arrived once its echo is heard, whatever was thought of it.
_SETTLED = (outbox.QUEUED, outbox.UNCONFIRMED, outbox.HELD, outbox.FAILED)


def settle(tx: Tx, written: Sequence[Written]) -> tuple[list[Written], list[Entry]]:
    """What is no echo of a letter, and what the journal says of letters that were thought lost."""
    echoes = [(channel, message) for channel, message in written if message.echo is not None]
    if not echoes:
        return list(written), []
    letters = outbox.lately(tx, {(channel, message.sender.address) for channel, message in echoes})
    # Before their letters, as the operators' desk does it: the other way round the two wait for each other.
    talk.lock(tx, {letter.dialog_id for letter in letters.values()})
    rest: list[Written] = []
    entries: list[Entry] = []
    for channel, message in written:
        letter = letters.get((channel, message.sender.address, message.echo)) if message.echo is not None else None
        if letter is None:
            rest.append((channel, message))
            continue
        talk.name_message(tx, letter.message_id, channel, [message.external_id])
        entries += _arrived(tx, letter, message)
    return rest, entries


def _arrived(tx: Tx, letter: outbox.Sent, message: Message) -> list[Entry]:
    values = {"sent_at": now(), "receipt": [message.external_id], "error": None, "in_doubt": False}
    if not outbox.change(tx, outbox.SENT, outbox.OUTBOX.c.id == letter.id, _SETTLED, **values):
        return []
    told = {"message": letter.message_id, "letter": letter.id, "channel": letter.channel}
    return [Entry("message.sent", SYSTEM, letter.dialog_id, told), *failures.arrived(tx, letter.message_id)]
