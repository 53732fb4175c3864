"""One message makes no more tasks than somebody can look at, and says so where there was more in it."""

from datetime import datetime

import pytest

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.language.zones import MOST
from tasks.extract.model import Said, Side, Task

NOW = datetime(2026, 11, 30, 12)  # noqa: DTZ001 - by the business's own clock
LOG = "ERROR 500 in module billing at line 12\n" * 500


def found(text: str, side: Side = "client") -> list[Task]:
    return tasks_of([Said(0, side, NOW, text)], Calendar())


def test_the_same_thing_said_many_times_is_one_task() -> None:
    assert [task.title for task in found("Пришлите счёт до пятницы. " * 50)] == ["Прислать счёт до пятницы"]


def test_what_is_too_much_is_one_proposed_task() -> None:
    text = " ".join(f"Пришлите счёт {number} до пятницы." for number in range(100, 150))
    tasks = found(text)
    assert len(tasks) == 21
    assert (tasks[-1].status, tasks[-1].title, tasks[-1].rules) == ("proposed", "Дочитать длинное сообщение", ("cut",))
    assert tasks[-1].evidence[0].text.startswith("Пришлите счёт 120")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (LOG + "Пришлите, пожалуйста, счёт до пятницы", "Read the long message to its end"),
        ("Журнал:\n" + LOG + "Пришлите, пожалуйста, счёт до пятницы", "Дочитать длинное сообщение"),
    ],
)
def test_what_is_not_read_is_a_task_to_read_on(text: str, title: str) -> None:
    task = found(text)[-1]
    assert (task.status, task.title) == ("proposed", title)
    (span,) = task.evidence
    assert span.start >= MOST
    assert text[span.start : span.end] == span.text


def test_nobody_need_read_on_in_what_is_only_quoted_or_his_own() -> None:
    quoted = "Спасибо!\n" + "".join(f"> {line}\n" for line in LOG.splitlines())
    assert found(quoted) == []
    assert found(LOG, "operator") == []
