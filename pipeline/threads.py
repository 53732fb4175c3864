"""Threads: what a message may answer, by keys that anybody can name.

A key alone opens no dialog: who guesses, leaks or forwards one would stand in somebody else's. It counts where the
sender is the client himself, or was admitted by an operator; elsewhere the message stays in its sender's own dialog and
says what it claims.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from pipeline.identify import Address, Who, Written
from storage import bulk, participants, talk
from storage.db import Tx


class Thread(NamedTuple):
    """Where a message belongs: the dialog, the key it answers there, and the dialog it only claims to be of."""

    dialog_id: int
    answers: Address | None = None
    claims: int | None = None


def without_our_own(tx: Tx, written: Sequence[Written]) -> list[Written]:
    """Without what we wrote ourselves and comes back: it is known by a key of a letter that went out."""
    keys: dict[str, set[str]] = {}
    for channel, message in written:
        if message.aliases:
            keys.setdefault(channel, set()).update(message.aliases)
    ours = {
        (channel, key)
        for channel, wanted in keys.items()
        for key, row in talk.known(tx, channel, wanted).items()
        if row.direction == "out" and row.operator_id is not None
    }
    if not ours:
        return list(written)
    return [(channel, one) for channel, one in written if ours.isdisjoint((channel, key) for key in one.aliases)]


def resolve(
    tx: Tx, written: Sequence[Written], who: Mapping[Address, Who]
) -> tuple[dict[Address, Thread], dict[Address, int]]:
    """Where each message belongs that names others, by (channel, key); and the ids of those named that are stored."""
    named = [(channel, message) for channel, message in written if message.answers]
    if not named:
        return {}, {}
    ids = _stored(tx, named)
    dialogs = _dialogs(tx, ids) | {
        (channel, key): who[channel, message.sender.address].dialog_id
        for channel, message in written
        for key in message.aliases
        if (channel, key) not in ids
    }
    admitted = participants.admitted(tx, set(dialogs.values()))
    return {
        (channel, message.external_id): _thread(
            who[channel, message.sender.address].dialog_id,
            {(channel, key): dialogs[channel, key] for key in message.answers if (channel, key) in dialogs},
            {dialog_id for dialog_id, *address in admitted if (channel, message.sender.address) == tuple(address)},
        )
        for channel, message in named
    }, ids


def _stored(tx: Tx, named: Iterable[Written]) -> dict[Address, int]:
    keys: dict[str, set[str]] = {}
    for channel, message in named:
        keys.setdefault(channel, set()).update(message.answers)
    return {
        (channel, key): message_id
        for channel, wanted in keys.items()
        for key, message_id in talk.ids_of(tx, channel, wanted).items()
    }


def _dialogs(tx: Tx, ids: Mapping[Address, int]) -> dict[Address, int]:
    query = select(talk.MESSAGES.c.id, talk.MESSAGES.c.dialog_id)
    found = {row.id: row.dialog_id for row in tx.execute(query.where(bulk.among(tx, talk.MESSAGES.c.id, ids.values())))}
    return {key: found[message_id] for key, message_id in ids.items()}


def _thread(own: int, candidates: Mapping[Address, int], admitted: set[int]) -> Thread:
    for key, dialog_id in candidates.items():
        if dialog_id == own or dialog_id in admitted:
            return Thread(dialog_id, key)
    return Thread(own, claims=next(iter(candidates.values()), None))
