"""The life of a task: no way leads where it must not, and what an operator has decided stays his."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Conflict
from storage.tasks import FIELDS, REJECTED, STANDING, STATUSES
from tasks import life
from tasks.deadline import OfficeHours, instant
from tasks.life import By

HOURS = OfficeHours(ZoneInfo("Europe/Moscow"), time(18, 0))
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
WHO = st.sampled_from(get_args(By))
STATUS = st.sampled_from(STATUSES)
NAMES = st.sets(st.sampled_from(sorted(FIELDS)))


@given(WHO, STATUS, STATUS)
def test_a_move_gets_there_or_is_refused_with_the_status_it_stands_in(by: By, status: str, to: str) -> None:
    if life.may(status, to, by):
        assert life.move(status, to, by) == to
    else:
        with pytest.raises(Conflict) as refused:
            life.move(status, to, by)
        assert refused.value.extra == {"state": status}


@given(WHO, STATUS)
def test_where_a_task_is_it_may_stay(by: By, status: str) -> None:
    assert life.move(status, status, by) == status


@given(STATUS, STATUS)
def test_a_machine_may_do_nothing_an_operator_may_not(status: str, to: str) -> None:
    if life.may(status, to, "machine"):
        assert life.may(status, to, "operator")


@given(st.lists(STATUS, max_size=12))
def test_what_machines_do_neither_rejects_nor_revives_what_was_rejected(wanted: list[str]) -> None:
    status = "open"
    for to in wanted:
        if life.may(status, to, "machine"):
            status = to
    assert status not in {REJECTED, "proposed"}
    assert not any(life.may(REJECTED, to, "machine") for to in STATUSES if to != REJECTED)


@given(st.sampled_from(sorted(set(STATUSES) - {"proposed"})))
def test_an_operator_can_always_open_what_is_closed_and_never_unread_it(status: str) -> None:
    assert life.may(status, "open", "operator")
    assert not life.may(status, "proposed", "operator")


@given(NAMES, NAMES, NAMES)
def test_what_an_operator_set_once_no_machine_writes_again(first: set[str], second: set[str], wanted: set[str]) -> None:
    owned = life.own(life.own([], first), second)
    free = life.free(owned, wanted)
    assert free <= wanted
    assert not free & ((first | second) - life.NOTES)
    # What nobody has touched, or what is a machine's own note, it writes.
    assert (wanted & life.NOTES) <= free
    linked = {"due", "due_time", "due_phrase", "kind", "promised_by"}
    assert wanted - first - second - linked <= free
    assert owned == life.own(owned, []) == sorted(set(owned))


def test_a_day_is_owned_with_its_hour_and_its_words() -> None:
    assert life.own([], ["due_time"]) == ["due", "due_phrase", "due_time"]
    assert life.own(["status"], ["promised_by"]) == ["kind", "promised_by", "status"]
    assert life.free(["status"]) == set(FIELDS) - {"status"}


def task(**more: Any) -> Any:
    return SimpleNamespace(**{"due_date": None, "due_time": None, "due_at": None, **more})


@pytest.mark.parametrize("status", STATUSES)
def test_a_task_is_closed_when_it_no_longer_stands(status: str) -> None:
    closed = life.follows(task(), {"status": status}, HOURS, AT)["closed_at"]
    assert closed == (None if status in STANDING else AT)
    assert life.follows(task(), {"title": "x"}, HOURS, AT) == {}


def test_whoever_was_reminded_of_another_hour_is_reminded_again() -> None:
    anew = {"reminded_at": None, "overdue_told_at": None}
    one = task(due_date=date(2026, 11, 27), due_time=time(12), due_at=datetime(2026, 11, 27, 9, tzinfo=UTC))
    moved = {"due_at": datetime(2026, 11, 30, 9, tzinfo=UTC), **anew}
    assert life.follows(one, {"due": "2026-11-30"}, HOURS, AT) == moved
    assert life.follows(one, {"due_time": None}, HOURS, AT) == {
        "due_at": datetime(2026, 11, 27, 15, tzinfo=UTC), **anew,
    }  # fmt: skip
    assert life.follows(one, {"due": None, "due_time": None}, HOURS, AT) == {"due_at": None, **anew}
    assert life.follows(one, {"due": "2026-11-27", "due_phrase": "x"}, HOURS, AT) == {}


def test_a_day_without_an_hour_ends_with_the_working_day() -> None:
    assert instant(None, None, HOURS) is None
    assert instant(None, time(9), HOURS) is None
    assert instant(date(2026, 7, 1), None, HOURS) == datetime(2026, 7, 1, 15, tzinfo=UTC)
    assert instant(date(2026, 7, 1), time(0, 0), HOURS) == datetime(2026, 6, 30, 21, tzinfo=UTC)
    berlin = OfficeHours(ZoneInfo("Europe/Berlin"), time(17, 30))
    assert instant(date(2026, 7, 1), None, berlin) == datetime(2026, 7, 1, 15, 30, tzinfo=UTC)
    assert instant(date(2026, 12, 1), None, berlin) == datetime(2026, 12, 1, 16, 30, tzinfo=UTC)


@given(
    st.dates(date(2000, 1, 1), date(2199, 12, 31)),
    st.none() | st.times(),
    st.sampled_from(["Europe/Moscow", "UTC", "America/New_York", "Pacific/Apia"]),
)
def test_a_later_day_is_never_due_earlier(day: date, at: time | None, zone: str) -> None:
    hours = OfficeHours(ZoneInfo(zone), time(18))
    first, second = instant(day, at, hours), instant(day + timedelta(days=1), at, hours)
    assert first is not None
    assert second is not None
    assert first.tzinfo is UTC
    assert second >= first
