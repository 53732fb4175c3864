"""Outcome: every end of a call has its meaning, whatever the channel can do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Blocked, ChannelSettings, ConnectorError, Denied, Doubtful, Receipt, Rejected, Unavailable
from pipeline.outcome import DENIED_PAUSE, Tried, Verdict, judge

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
POLICY = ChannelSettings(kind="fake", retry=(1, 5, 60), retry_for=3600)
HOLD = POLICY.model_copy(update={"on_unknown": "hold"})
# attempts, when it was written, by a machine, the channel knows keys
FIRST = Tried(1, AT, False, True)
BLIND = FIRST._replace(idempotent=False)
LOST = ConnectionResetError("secret words")
# State, marked as maybe arriving twice, event.
AGAIN = ("queued", False, None)
MARKED = ("queued", True, "message.unconfirmed")
HELD = ("unconfirmed", False, "message.unconfirmed")


def waits(verdict: Verdict) -> float:
    wait: timedelta = verdict.values["next_at"] - AT
    return wait.total_seconds()


def test_a_receipt_is_sent() -> None:
    verdict = judge(Receipt(("7", "8")), BLIND, HOLD, AT)
    assert verdict == Verdict(
        "sent", {"sent_at": AT, "receipt": ["7", "8"], "error": None, "in_doubt": False}, "message.sent"
    )


@pytest.mark.parametrize("tried", [FIRST, BLIND])
def test_what_nobody_can_find_out_is_for_people(tried: Tried) -> None:
    verdict = judge(Doubtful("look there"), tried, POLICY, AT)
    assert (verdict.state, verdict.event) == ("unconfirmed", "message.unconfirmed")


@pytest.mark.parametrize("error", [Rejected("too long"), Blocked("left us")])
def test_a_refusal_is_final_and_told(error: Exception) -> None:
    verdict = judge(error, FIRST, POLICY, AT)
    assert (verdict.state, verdict.event, verdict.values) == ("failed", "message.sending_failed", {"error": str(error)})
    assert verdict.unreachable is isinstance(error, Blocked)
    assert not verdict.stop


def test_wrong_credentials_stop_the_channel_and_keep_the_letter() -> None:
    old = FIRST._replace(due_at=AT - timedelta(days=30), attempts=99)
    verdict = judge(Denied("wrong token"), old, POLICY, AT)
    assert (verdict.state, verdict.stop, verdict.pause, waits(verdict)) == ("queued", True, DENIED_PAUSE, DENIED_PAUSE)


@pytest.mark.parametrize(("attempts", "wait"), [(1, 1), (2, 5), (3, 60), (4, 60), (50, 60)])
@pytest.mark.parametrize("tried", [FIRST, BLIND, FIRST._replace(automatic=True)])
def test_what_was_not_taken_goes_again_by_the_schedule(tried: Tried, attempts: int, wait: float) -> None:
    verdict = judge(Unavailable("busy"), tried._replace(attempts=attempts), HOLD, AT)
    assert (verdict.state, waits(verdict), verdict.event, verdict.pause) == ("queued", wait, None, 0)
    assert "maybe_twice" not in verdict.values


def test_what_is_given_up_still_keeps_the_channel_silent_for_the_letters_behind_it() -> None:
    old = FIRST._replace(due_at=AT - timedelta(days=30))
    verdict = judge(Unavailable("slow down", 17), old, POLICY, AT)
    assert (verdict.state, verdict.pause) == ("failed", 17)


def test_what_was_not_taken_goes_again_when_the_channel_says_and_keeps_it_silent_till_then() -> None:
    verdict = judge(Unavailable("slow down", 17), FIRST, POLICY, AT)
    assert (waits(verdict), verdict.pause) == (17, 17)


def test_to_come_again_at_once_is_no_missing_word() -> None:
    assert waits(judge(Unavailable("now", 0), FIRST._replace(attempts=3), POLICY, AT)) == 0


@pytest.mark.parametrize("error", [Unavailable("busy"), Unavailable("slow down", 17), LOST])
def test_after_its_time_a_letter_fails_and_somebody_is_told(error: Exception) -> None:
    old = FIRST._replace(due_at=AT - timedelta(hours=1), attempts=9)
    verdict = judge(error, old, POLICY, AT)
    assert (verdict.state, verdict.event) == ("failed", "message.sending_failed")
    assert "9 tries" in verdict.values["error"]


def test_who_is_kept_back_for_a_while_is_given_up_in_the_end() -> None:
    old = FIRST._replace(due_at=AT - timedelta(days=2))
    assert judge(Denied("a captcha is wanted", 60.0), old, POLICY, AT).state == "failed"
    assert judge(Denied("wrong token"), old, POLICY, AT).state == "queued"


@pytest.mark.parametrize(("asked", "waits"), [(None, DENIED_PAUSE), (60.0, 60.0)])
def test_a_channel_that_takes_nothing_is_tried_again_when_it_says(asked: float | None, waits: float) -> None:
    verdict = judge(Denied("a captcha is wanted", asked), FIRST, POLICY, AT)
    assert (verdict.stop, verdict.pause, verdict.values["next_at"]) == (True, waits, AT + timedelta(seconds=waits))


@pytest.mark.parametrize("error", [LOST, TimeoutError(), ValueError("secret words"), ConnectorError("secret words")])
@pytest.mark.parametrize(
    ("tried", "policy", "becomes"),
    [
        # The channel knows keys: the same again is harmless.
        (FIRST, POLICY, AGAIN),
        (FIRST, HOLD, AGAIN),
        (FIRST._replace(automatic=True), HOLD, AGAIN),
        # It does not: a person's words are sent again and marked, a machine's are held, and so is all if so set.
        (BLIND, POLICY, MARKED),
        (BLIND, HOLD, HELD),
        (BLIND._replace(automatic=True), POLICY, HELD),
        (BLIND._replace(automatic=True), HOLD, HELD),
    ],
)
def test_an_unknown_outcome_is_never_silent_where_it_may_matter(
    error: Exception, tried: Tried, policy: ChannelSettings, becomes: tuple[str, bool, str | None]
) -> None:
    verdict = judge(error, tried, policy, AT)
    assert (verdict.state, verdict.values.get("maybe_twice", False), verdict.event) == becomes
    assert (verdict.stop, verdict.unreachable, verdict.pause) == (False, False, 0)
    assert "secret" not in str(verdict.values), "what a library says may hold anything"


def test_a_letter_of_unknown_outcome_that_is_too_old_fails_and_is_told_once() -> None:
    verdict = judge(LOST, BLIND._replace(due_at=AT - timedelta(days=1)), POLICY, AT)
    assert (verdict.state, verdict.event) == ("failed", "message.sending_failed")


ERRORS: st.SearchStrategy[Any] = st.sampled_from(
    [
        Receipt(),
        Receipt(("1",)),
        Rejected("r"),
        Blocked("b"),
        Denied("d"),
        Unavailable("u"),
        LOST,
        OSError(),
        KeyError(),
    ]
) | st.builds(Unavailable, st.just("u"), st.floats(0, 10**6))


TRIED = st.builds(
    Tried,
    st.integers(1, 10**6),
    st.integers(0, 10**7).map(lambda age: AT - timedelta(seconds=age)),
    st.booleans(),
    st.booleans(),
)


@given(result=ERRORS, tried=TRIED, policy=st.sampled_from([POLICY, HOLD]))
def test_whatever_happens_the_letter_goes_on_or_somebody_is_told(
    result: Any, tried: Tried, policy: ChannelSettings
) -> None:
    verdict = judge(result, tried, policy, AT)
    assert verdict.state in {"queued", "sent", "failed", "unconfirmed"}
    if verdict.state == "queued":
        assert verdict.values["next_at"] >= AT
    else:
        assert verdict.event is not None
    if verdict.state in {"failed", "unconfirmed"}:
        assert verdict.values["error"]
