"""Whatever is written, the extraction neither fails nor points outside the text."""

import sys
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.language.zones import MOST
from tasks.extract.model import Said, Side, Task
from tasks.extract.scene import reading_of
from tasks.extract.speech.titles import LONGEST
from tests.tasks.extract.hostile import CLAUSES, MARKS, filled

NOW = datetime(2026, 2, 27, 23, 59)  # noqa: DTZ001 - by the business's own clock
_SAID = (
    "пришлите счёт до пятницы не надо завтра можно ли готово отбой перенесите на 20-го да нет спасибо и но а если бы "
    "please send the invoice by Friday never mind done I'll call you tomorrow can could would it's works ? , . > -- 1."
)
_WORDS = st.sampled_from([*_SAID.split(), "\n", "\u202e", "😀"])
_TEXTS = st.text(max_size=80) | st.lists(_WORDS, max_size=40).map(" ".join)
_SIDES: st.SearchStrategy[Side] = st.sampled_from(("client", "operator"))


def _check(task: Task, lines: list[Said]) -> None:
    assert 0 < len(task.title) <= LONGEST
    assert 0 <= task.confidence <= 1
    assert lines[task.source].side == ("client" if task.promised_by is None else task.promised_by)
    assert any(span.message == task.source for span in task.evidence)
    for span in task.evidence:
        text = lines[span.message].text
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text


@settings(max_examples=300)
@given(st.lists(st.tuples(_SIDES, _TEXTS), max_size=8))
def test_any_conversation_can_be_read(said: list[tuple[Side, str]]) -> None:
    lines = [Said(at, side, NOW + timedelta(minutes=7 * at), text) for at, (side, text) in enumerate(said)]
    for task in tasks_of(lines, Calendar()):
        _check(task, lines)


@pytest.mark.parametrize("side", ["client", "operator"])
@pytest.mark.parametrize("piece", [*MARKS, *CLAUSES])
def test_64_kb_of_anything_is_read_up_to_its_limit(piece: str, side: Side) -> None:
    lines = [Said(0, side, NOW, filled(piece))]
    for task in tasks_of(lines, Calendar()):
        _check(task, lines)
        assert task.rules == ("cut",) or all(span.end <= MOST for span in task.evidence)


def _calls(piece: str, length: int, side: Side) -> int:
    """How many calls reading so long a message takes, with two before it and a short answer behind it."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = [Said(0, "client", NOW, "Пришлите счёт. Когда починят?"), Said(1, "operator", NOW, "Вышлю завтра")]
    answer = Said(
        3, "operator" if side == "client" else "client", NOW + timedelta(hours=2), "Четверг, остальное не надо"
    )
    lines = [*before, Said(2, side, NOW + timedelta(hours=1), (piece * length)[:length]), answer]
    # Words and cues that are met for the first time cost more.
    tasks_of(lines, Calendar())
    reading_of.cache_clear()
    sys.setprofile(note)
    try:
        tasks_of(lines, Calendar())
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("side", ["client", "operator"])
@pytest.mark.parametrize("piece", [*MARKS, *CLAUSES])
def test_what_is_twice_as_long_costs_twice_as_much(piece: str, side: Side) -> None:
    assert _calls(piece, 8000, side) < 2.5 * _calls(piece, 4000, side)
