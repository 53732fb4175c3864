"""Stitch: from envelopes to messages in their dialogs and episodes, a whole batch at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from connectors.base import ChannelSettings, Envelope, Message, Move, Reach
from pipeline import albums, amend, attach, completion, echoes, listening, respond, threads, whereabouts
from pipeline.episodes import Place, place_of, settle, verdict
from pipeline.identify import Address, Who, Written, identify, senders_of
from pipeline.threads import Thread
from storage import bulk, talk, triage
from storage.db import Tx, is_conflict, now
from storage.journal import SYSTEM, Entry
from storage.triage import ToRead

_EPISODE_COLUMNS = ("id", "dialog_id", "number", "status", "opened_at", "resolved_at")
_BY_MACHINE = '{"automatic": true}'
_DIALOG_COLUMNS = ("last_seq", "last_in_seq", "unread", "last_at", "last_message_id", "episode_id")

Policies = Mapping[str, ChannelSettings]


class Parsed(NamedTuple):
    """A raw in normal form: its channel, and the envelopes it held."""

    channel: str
    envelopes: Sequence[Envelope]


class Repeats(Exception):
    """Some of the messages are there already."""


def stitch(tx: Tx, batch: Sequence[Parsed], policies: Policies, *, repeats: bool = True) -> list[Entry]:
    """Write what the envelopes say; gives back the journal entries, to be appended last of all.

    Without `repeats` no message is looked up before it is written, which is what a look-up for each costs; if one is
    there already the transaction is lost and Repeats is raised: do it again with `repeats`.
    """
    written: list[Written] = []
    changes: list[amend.Told] = []
    moves: list[tuple[str, Move]] = []
    reaches: list[tuple[str, Reach]] = []
    for channel, envelopes in batch:
        for envelope in envelopes:
            if isinstance(envelope, Message):
                written.append((channel, envelope))
            elif isinstance(envelope, Move):
                moves.append((channel, envelope))
            elif isinstance(envelope, Reach):
                reaches.append((channel, envelope))
            else:
                changes.append((channel, envelope))
    # First, so that who wrote from his new address is still himself.
    entries = [entry for channel, each in moves for entry in whereabouts.move(tx, channel, each.before, each.after)]
    try:
        entries += _write(tx, written, policies, repeats=repeats)
    except Exception as error:
        if repeats or not is_conflict(error):
            raise
        raise Repeats from None
    if changes:
        early, told = amend.apply(tx, changes)
        # An edit or deletion that came before its message stands for it; the message itself is then a repeat.
        entries += told + _write(tx, early, policies, repeats=True)
    whereabouts.learn(tx, reaches)
    # Last, for whoever writes counts as reachable.
    return entries + whereabouts.reach(tx, _newest(reaches, written))


def _newest(reaches: Sequence[tuple[str, Reach]], written: Sequence[Written]) -> list[tuple[str, Reach]]:
    """Without what was told before the client wrote."""
    wrote: dict[Address, datetime] = {}
    for channel, message in written:
        wrote[channel, message.sender.address] = message.sent_at
    return [
        (channel, reach)
        for channel, reach in reaches
        if (at := wrote.get((channel, reach.sender.address))) is None or at <= reach.at
    ]


def _write(tx: Tx, written: Sequence[Written], policies: Policies, *, repeats: bool) -> list[Entry]:
    known = _known(tx, written, repeats=repeats)
    fresh, entries = echoes.settle(tx, threads.without_our_own(tx, _fresh(written, known)))
    begun, told = completion.complete(tx, written, known)
    entries += told
    known |= begun
    late, fresh = albums.parted(fresh, known)
    entries += albums.extend(tx, late, known)
    fresh, further = albums.fold(fresh)
    asked = respond.wanted([*fresh, *albums.fold(late)[0]])
    changed = listening.again(entries)
    if not fresh and not asked:
        triage.put(tx, changed)
        return entries
    who = identify(tx, senders_of([*fresh, *asked]))
    homes, named = threads.resolve(tx, fresh, who)
    dialogs = {known.dialog_id for known in who.values()} | {home.dialog_id for home in homes.values()}
    places = {row.id: place_of(row) for row in talk.lock_with_episodes(tx, dialogs)}
    seats = _Seats(who, homes, places, policies, talk.episode_ids(tx, _closed(places)))
    seats.ids = known | named
    ids = talk.message_ids(tx, len(fresh) + len(asked))
    placed = [(message_id, *message) for message_id, message in zip(ids, fresh, strict=False)]
    aliases = {
        (channel, key): i
        for i, channel, one in placed
        for key in (*further.get((channel, one.external_id), ()), *one.aliases)
    }
    seats.ids |= aliases
    rows = [seats.take(*one) for one in placed]
    answers = [seats.answer(message_id, *message) for message_id, message in zip(ids[len(fresh) :], asked, strict=True)]
    bulk.insert(tx, talk.EPISODES, _EPISODE_COLUMNS, [row for place in places.values() for row in place.opened])
    talk.reopen(tx, [place.reopened for place in places.values() if place.reopened])
    bulk.insert(tx, talk.MESSAGES, talk.NewMessage._fields, rows + answers)
    attach.files(tx, [one for one in placed if one[2].files])
    talk.add_aliases(tx, aliases)
    respond.write(tx, asked, answers)
    respond.acknowledge(tx, fresh)
    triage.put(tx, [*seats.heard, *changed])
    bulk.update(tx, talk.DIALOGS, "id", _DIALOG_COLUMNS, [_saved(place) for place in places.values()])
    return [*entries, *_episode_entries(places), *seats.entries]


def _known(tx: Tx, written: Sequence[Written], *, repeats: bool) -> dict[Address, int]:
    """Ids of the messages already there under a key that is answered now, and with `repeats` under one written now.

    What may be there under a second key, which no constraint guards, is looked up in any case.
    """
    wanted: dict[str, set[str]] = {}
    for channel, message in written:
        keys = {message.reply_to, message.album}
        if repeats or message.album or message.direction == "out":
            keys.add(message.external_id)
        wanted.setdefault(channel, set()).update(key for key in keys if key)
    return {
        (channel, key): i
        for channel, keys in wanted.items()
        if keys
        for key, i in talk.ids_of(tx, channel, keys).items()
    }


def _fresh(written: Sequence[Written], known: Mapping[Address, int]) -> list[Written]:
    """Without those already stored, and without repeats inside the batch."""
    seen: dict[Address, Written] = {}
    for channel, message in written:
        key = (channel, message.external_id)
        if key not in known:
            seen.setdefault(key, (channel, message))
    return list(seen.values())


def _closed(places: Mapping[int, Place]) -> int:
    """How many episodes may begin: where none is open one, and before it one for history where there never was any."""
    return sum((place.status == talk.RESOLVED) + (place.episode_id is None) for place in places.values())


class _Seats:
    """Gives every message its arrival number and its episode, in order of arrival."""

    def __init__(
        self,
        who: Mapping[Address, Who],
        homes: Mapping[Address, Thread],
        places: Mapping[int, Place],
        policies: Policies,
        episode_ids: Sequence[int],
    ) -> None:
        self.entries: list[Entry] = []
        # What is to be read for tasks.
        self.heard: list[ToRead] = []
        self._who, self._homes, self._places, self._policies = who, homes, places, policies
        # Messages that can be answered, by their keys.
        self.ids: dict[Address, int] = {}
        self._episode_ids: Iterator[int] = iter(episode_ids)
        self._at = now()

    def take(self, message_id: int, channel: str, message: Message) -> talk.NewMessage:
        """The row of one message; its dialog's place moves on."""
        person = self._who[channel, message.sender.address]
        home = self._homes.get((channel, message.external_id)) or Thread(person.dialog_id)
        place = self._places[home.dialog_id]
        inbound = message.direction == "in"
        # A source whose clock is ahead must not push a message to the end of the dialog for ever.
        sent_at = min(message.sent_at, self._at)
        quiet = message.history or message.automatic or not inbound
        decided = verdict(place, self._policies[channel], sent_at, quiet)
        settle(place, decided, sent_at, self._episode_ids.__next__)
        _advance(place, message_id, message, sent_at)
        answered = (channel, message.reply_to) if message.reply_to else home.answers
        answers = self.ids.get(answered) if answered else None
        self.ids[channel, message.external_id] = message_id
        actor = f"client:{person.client_id}" if inbound else SYSTEM
        told = {"message": message_id, "seq": place.seq, "channel": channel, "direction": message.direction}
        self.entries.append(Entry("message.received", actor, place.dialog_id, told))
        if listening.is_heard(message, sent_at, self._at):
            self.heard.append(ToRead(message_id, place.dialog_id, "new"))
        assert place.episode_id is not None
        data = _data(message, home)
        return talk.NewMessage(
            message_id, place.dialog_id, place.seq, place.episode_id, message.direction, message.text, sent_at, channel,
            message.external_id, person.identity_id, None, message.html, answers, message.source_key,
            orjson.dumps(data).decode() if data else None, message.edited_at, message.deleted_at,
        )  # fmt: skip

    def answer(self, message_id: int, channel: str, message: Message) -> talk.NewMessage:
        """The row of what a machine says in return. It is no last word: the client still waits for a person's."""
        person = self._who[channel, message.sender.address]
        place = self._places[person.dialog_id]
        place.seq += 1
        told = {"message": message_id, "seq": place.seq, "channel": channel, "direction": "out"}
        self.entries.append(Entry("message.created", SYSTEM, place.dialog_id, told))
        assert place.episode_id is not None
        return talk.NewMessage(
            message_id, place.dialog_id, place.seq, place.episode_id, "out", message.respond, self._at, channel,
            None, person.identity_id, data=_BY_MACHINE,
        )  # fmt: skip


def _data(message: Message, home: Thread) -> dict[str, Any]:
    """What is kept with the message beside its columns."""
    more = {
        "author": message.author,
        "thread": message.thread,
        "claims": home.claims,
        "held": home.held,
        "original": message.original,
        "automatic": message.automatic,
    }
    return {**(message.data or {}), **{name: value for name, value in more.items() if value}}


def _advance(place: Place, message_id: int, message: Message, sent_at: datetime) -> None:
    """The dialog's numbers after one message more. History is neither unread nor anybody's last word.

    Nor is what a machine wrote unread.
    """
    place.seq += 1
    if message.direction == "in" and not (message.history or message.automatic):
        place.last_in_seq = place.seq
        place.unread += 1
    first = place.last_message_id is None
    if first or not message.history or sent_at >= place.last_at:
        place.last_message_id = message_id
    place.last_at = sent_at if first else max(place.last_at, sent_at)


def _saved(place: Place) -> tuple[Any, ...]:
    return (
        place.dialog_id, place.seq, place.last_in_seq, place.unread, place.last_at, place.last_message_id,
        place.episode_id,
    )  # fmt: skip


def _episode_entries(places: Mapping[int, Place]) -> Iterator[Entry]:
    for place in places.values():
        if place.opened and place.status == talk.OPEN:
            yield Entry("dialog.opened", SYSTEM, place.dialog_id, {"episode": place.number})
        elif place.reopened:
            yield Entry("dialog.reopened", SYSTEM, place.dialog_id, {"episode": place.number})
