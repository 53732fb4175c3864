"""Episodes: what a message does to a dialog whose work was done, by the channel's policy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from connectors.base import ChannelSettings
from pipeline.episodes import Place, Verdict, settle, verdict

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
EMPTY = Place(7, 0, 0, 0, AT, None, None, 0, "resolved", None)
OPEN = replace(EMPTY, episode_id=3, number=1, status="open")
DONE = replace(OPEN, status="resolved", resolved_at=AT - HOUR)


def policy(reopen: str, within: timedelta = HOUR) -> ChannelSettings:
    return ChannelSettings.model_validate({"kind": "fake", "reopen": reopen, "reopen_within": within.total_seconds()})


@pytest.mark.parametrize(
    ("place", "reopen", "at", "quiet", "wanted"),
    [
        (EMPTY, "always", AT, False, "new"),
        (EMPTY, "within", AT, False, "new"),
        (EMPTY, "new", AT, False, "new"),
        (EMPTY, "always", AT, True, "archive"),
        (OPEN, "always", AT, False, "join"),
        (OPEN, "new", AT, False, "join"),
        (OPEN, "new", AT, True, "join"),
        (DONE, "always", AT + 1000 * HOUR, False, "reopen"),
        (DONE, "within", AT, False, "reopen"),
        (DONE, "within", AT + timedelta(microseconds=1), False, "new"),
        # It was written before the work was done, and came late.
        (DONE, "within", AT - 5 * HOUR, False, "reopen"),
        (DONE, "new", AT - 5 * HOUR, False, "new"),
        (DONE, "always", AT, True, "join"),
        (DONE, "within", AT, True, "join"),
        (DONE, "new", AT + 1000 * HOUR, True, "join"),
        # A row without the time it was resolved at, as another hand may have left it.
        (replace(DONE, resolved_at=None), "within", AT, False, "reopen"),
    ],
)
def test_where_a_message_belongs(place: Place, reopen: str, at: datetime, quiet: bool, wanted: Verdict) -> None:
    assert verdict(place, policy(reopen), at, quiet) == wanted


def test_to_join_changes_nothing() -> None:
    for place in (OPEN, DONE):
        now = replace(place)
        settle(now, "join", AT, count(9).__next__)
        assert now == place


def test_to_reopen_keeps_the_episode() -> None:
    place = replace(DONE, opened=[])
    settle(place, "reopen", AT, count(9).__next__)
    assert (place.episode_id, place.number, place.status, place.reopened, place.opened) == (3, 1, "open", 3, [])
    assert verdict(place, policy("new"), AT, quiet=False) == "join"


@pytest.mark.parametrize(("decided", "status", "resolved_at"), [("new", "open", None), ("archive", "resolved", AT)])
def test_a_new_episode_follows_the_last_one(decided: Verdict, status: str, resolved_at: datetime | None) -> None:
    place = replace(DONE, opened=[])
    settle(place, decided, AT, count(9).__next__)
    assert (place.episode_id, place.number, place.status, place.resolved_at) == (9, 2, status, resolved_at)
    assert place.opened == [(9, 7, 2, status, AT, resolved_at)]
