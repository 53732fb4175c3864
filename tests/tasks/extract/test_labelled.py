"""The rules on labelled conversations: what was tuned on must stay as good; the set kept aside is only whole."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.dates import Calendar
from tests.tasks.scoring import ASIDE, LABELLED, score

SETS = sorted(LABELLED.glob("*.jsonl"))
TUNED = [path for path in SETS if path != ASIDE]


def test_sure_tasks_are_the_right_ones() -> None:
    found = score(TUNED, Calendar())
    assert found.f1 >= 0.95
    assert found.exact_f1 >= 0.83
    assert found.due >= 0.87
    assert found.closed >= 0.85
    assert found.false_per_quiet <= 0.08


def test_with_the_proposed_ones_hardly_any_is_missed() -> None:
    assert score(TUNED, Calendar(), 0.0).recall >= 0.96


def test_there_are_enough_of_them_and_some_are_kept_aside() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SETS}
    assert sum(sizes.values()) >= 150
    assert sizes[ASIDE] >= 100


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_labels_are_whole(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        conversation: dict[str, Any] = json.loads(line)
        times = [datetime.fromisoformat(one["at"]) for one in conversation["messages"]]
        assert times == sorted(times)
        for task in conversation["tasks"]:
            assert {task["source_message"], *task.get("alt_sources", ())} <= set(range(len(times)))
            assert task["kind"] in {"request", "question", "complaint", "commitment"}
            assert task["status"] in {"open", "done", "cancelled"}
            assert task["summary_keywords"]
            assert task["due"] is None or date.fromisoformat(task["due"]).isoformat() == task["due"]
