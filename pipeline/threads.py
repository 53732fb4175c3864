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
    own = {
        (channel, message.sender.address): who[channel, message.sender.address].dialog_id for channel, message in named
    }
    admitted = _admitted(tx, {*dialogs.values(), *own.values(), *(each.dialog_id for each in bearers.values())})
    homes: dict[Address, Thread] = {}
    for channel, message in named:
        sender = (channel, message.sender.address)
        candidates = _candidates(channel, message, dialogs, bearers)
        homes[channel, message.external_id] = _home(message, own[sender], candidates, admitted.get(sender, set()))
    return homes, ids


def _candidates(
    channel: str, message: Message, dialogs: Mapping[Address, int], bearers: Mapping[Address, Who]
) -> list[tuple[Address | None, int]]:
    """The dialogs a message may be of, the likeliest first, each with the key that names it: by what it answers, and by
    whose address a doubted one bears."""
    keys = [(channel, key) for key in message.answers]
    found: list[tuple[Address | None, int]] = [(key, dialogs[key]) for key in keys if key in dialogs]
    bearer = bearers.get((channel, message.claimed))
    return [*found, (None, bearer.dialog_id)] if bearer else found


def _home(message: Message, own: int, candidates: Sequence[tuple[Address | None, int]], admitted: set[int]) -> Thread:
    """Where it belongs whose sender's own dialog is `own`, and who was admitted to these others."""
    for key, dialog_id in candidates:
        if dialog_id == own or dialog_id in admitted:
            home = Thread(dialog_id, key)
            break
    else:
        home = Thread(own, claims=next((dialog_id for _, dialog_id in candidates), None))
    doubted = bool(message.claimed) and (message.forgeable or home.dialog_id not in admitted)
    return home._replace(held=doubted)


def _admitted(tx: Tx, dialogs: Iterable[int]) -> dict[Address, set[int]]:
    """To which of these dialogs each (channel, address) was admitted."""
    found: dict[Address, set[int]] = {}
    for dialog_id, channel, address in participants.admitted(tx, dialogs):
        found.setdefault((channel, address), set()).add(dialog_id)
    return found


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
