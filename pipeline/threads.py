"""Threads: what a message may answer, by keys that anybody can name.

A key alone opens no dialog: who guesses, leaks or forwards one would stand in somebody else's. It counts where the
sender is the client himself, or was admitted by an operator; elsewhere the message stays in its sender's own dialog and
says what it claims. So does one whose source doubts that its sender wrote it: it is held until somebody admits him.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from connectors.base import Message
from pipeline.identify import Address, Who, Written, look_up
from storage import bulk, participants, talk
from storage.db import Tx


class Thread(NamedTuple):
    """Where a message belongs: the dialog, the key it answers there, and the dialog it only claims to be of.

    It is `held` as long as nobody admitted its doubtful sender, or where that means nobody in particular.
    """

    dialog_id: int
    answers: Address | None = None
    claims: int | None = None
    held: bool = False


def without_our_own(tx: Tx, written: Sequence[Written]) -> list[Written]:
    """Without what we wrote ourselves and comes back: it is known by a key of a letter that went out."""
    keys: dict[str, set[str]] = {}
    for channel, message in written:
        if message.ours:
            keys.setdefault(channel, set()).update(message.aliases)
    ours = {
        (channel, key)
        for channel, wanted in keys.items()
        for key, row in talk.known(tx, channel, wanted).items()
        if row.direction == "out"
    }
    if not ours:
        return list(written)
    return [
        (channel, one)
        for channel, one in written
        if not one.ours or ours.isdisjoint((channel, key) for key in one.aliases)
    ]


def key_of(message: Message) -> str:
    """What a message is known by, once it is stored: one of ours that came back is the reply it was."""
    return message.aliases[0] if message.ours and message.aliases else message.external_id


def resolve(
    tx: Tx, written: Sequence[Written], who: Mapping[Address, Who]
) -> tuple[dict[Address, Thread], dict[Address, int]]:
    """Where each message belongs that names others or is doubted, by (channel, key); the ids of named ones stored."""
    named = [(channel, message) for channel, message in written if message.answers or message.claimed]
    if not named:
        return {}, {}
    ids = _stored(tx, named)
    dialogs = _dialogs(tx, ids) | {
        (channel, key): who[channel, message.sender.address].dialog_id
        for channel, message in written
        for key in message.aliases
        if (channel, key) not in ids
    }
    bearers = look_up(tx, {(channel, message.claimed) for channel, message in named if message.claimed})
    admitted = participants.admitted(tx, {*dialogs.values(), *(each.dialog_id for each in _own(named, bearers, who))})
    homes = {}
    for channel, message in named:
        sender = (channel, message.sender.address)
        keys = [(channel, key) for key in message.answers]
        candidates: list[tuple[Address | None, int]] = [(key, dialogs[key]) for key in keys if key in dialogs]
        if bearer := bearers.get((channel, message.claimed)):
            candidates.append((None, bearer.dialog_id))
        let_in = {dialog_id for dialog_id, *address in admitted if sender == tuple(address)}
        home = _thread(who[sender].dialog_id, candidates, let_in)
        homes[channel, message.external_id] = home._replace(
            held=bool(message.claimed) and (message.forgeable or home.dialog_id not in let_in)
        )
    return homes, ids


def _own(named: Iterable[Written], bearers: Mapping[Address, Who], who: Mapping[Address, Who]) -> list[Who]:
    """Whose dialogs doubted messages may stand in."""
    doubted = [(channel, message.sender.address) for channel, message in named if message.claimed]
    return [*bearers.values(), *(who[sender] for sender in doubted)]


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


def _thread(own: int, candidates: Sequence[tuple[Address | None, int]], admitted: set[int]) -> Thread:
    for key, dialog_id in candidates:
        if dialog_id == own or dialog_id in admitted:
            return Thread(dialog_id, key)
    return Thread(own, claims=next((dialog_id for _, dialog_id in candidates), None))
