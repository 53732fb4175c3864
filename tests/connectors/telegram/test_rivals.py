"""Another reader of the bot's updates is told of when he comes and goes, and to people when he stays."""

import pytest
from structlog.testing import capture_logs

from connectors.telegram import receiving, rivals
from connectors.telegram.rivals import Rivals
from pipeline.loop import LoopThread
from tests.connectors.telegram.kit import Server, refused

SAYS = "Conflict: terminated by other getUpdates request"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """See time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rivals, "time", clock)
    return clock


def test_who_is_taken_over_is_no_rival(clock: Clock) -> None:
    found = Rivals()
    for at in (0.0, 10.0, 20.0):
        clock.now = 1000 + at
        found.met(SAYS)
        assert found.trouble() == ""


def test_a_rival_that_stays_is_told_of_until_he_is_gone_for_a_while(clock: Clock) -> None:
    found = Rivals()
    with capture_logs() as logs:
        for at in range(0, 60, 10):
            clock.now = 1000.0 + at
            found.met(SAYS)
            # Telegram answers both of them, in turn.
            found.unseen()
            assert bool(found.trouble()) == (at >= 30)
        assert "another program reads this bot's updates" in found.trouble()
        clock.now += 121
        assert found.trouble() == ""
        found.unseen()
        found.unseen()
    assert [log["event"] for log in logs] == ["telegram.two_readers", "telegram.one_reader"]


def test_a_rival_that_comes_back_is_a_new_one(clock: Clock) -> None:
    found = Rivals()
    with capture_logs() as logs:
        for at in (0.0, 200.0):
            clock.now = 1000 + at
            found.met(SAYS)
    assert found.trouble() == ""
    assert [log["event"] for log in logs] == ["telegram.two_readers"] * 2


def test_a_bot_tells_of_its_rivals(server: Server, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_CONFLICT_WAIT", 0.05)
    monkeypatch.setattr(rivals, "_LONG", 0.0)
    server.answer("getUpdates", refused(SAYS, 409), [{"update_id": 7}])
    bot = server.bot()
    assert bot.contested() == ""

    async def some() -> None:
        source = bot.receive("7")
        await anext(source)
        await source.aclose()  # type: ignore[attr-defined]

    loop.run(some(), 20)
    assert bot.contested()
