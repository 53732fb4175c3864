"""Whereabouts: where clients can be written to, as their channels tell it. Seldom, so one by one.

Of an address nobody has only the profile is kept, until he writes; telling a thing twice changes nothing.
"""

from collections.abc import Iterable, Sequence

from connectors.base import Reach
from storage import people, strangers
from storage.db import Tx
from storage.journal import SYSTEM, Entry


def learn(tx: Tx, told: Iterable[tuple[str, Reach]]) -> None:
    """Keep what comes along of a client's profile, as the link he came by."""
    for channel, news in told:
        address, profile = news.sender.address, news.sender.profile
        if profile and not people.learn(tx, channel, address, profile):
            strangers.keep(tx, channel, address, profile)


def reach(tx: Tx, told: Sequence[tuple[str, Reach]]) -> list[Entry]:
    """Note who can or can no longer be written to; gives back the journal entries."""
    entries: list[Entry] = []
    for channel, news in told:
        kind = "client.reachable" if news.reachable else "client.unreachable"
        found = people.set_reachable(tx, channel, news.sender.address, reachable=news.reachable)
        entries += _told(kind, channel, found, {"address": news.sender.address})
    return entries


def unreachable(tx: Tx, channel: str, address: str) -> list[Entry]:
    """Note that nobody can be written to there, as a call has shown."""
    found = people.set_reachable(tx, channel, address, reachable=False)
    return _told("client.unreachable", channel, found, {"address": address})


def move(tx: Tx, channel: str, before: str, after: str) -> list[Entry]:
    """Give the identity its new address, and its letters with it."""
    found = people.move(tx, channel, before, after)
    return _told("client.moved", channel, found, {"before": {"address": before}, "after": {"address": after}})


def _told(kind: str, channel: str, dialogs: Iterable[int], more: dict[str, object]) -> list[Entry]:
    return [Entry(kind, SYSTEM, dialog_id, {"channel": channel, **more}) for dialog_id in dialogs]
