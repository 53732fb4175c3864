"""What the tests of reading for tasks share: things people write, and ways to come in between."""

import os
import signal
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from pipeline import hearing
from pipeline import triage as module
from storage.triage import TRIAGE
from tasks import sheet
from tasks.calendar import Calendar
from tasks.extract import reader
from tests.fakes.channel import START
from tests.pipeline.rig import Rig

ASKED = "Пришлите, пожалуйста, счёт за октябрь."
STAND = (
    "Василий, через неделю мы участвуем на конференции, подготовьте с ребятами стенд и выступление. "
    "Детали отправлю на почту."
)
REPORT = "Давай, надеюсь на вас. И кстати, в конце недели жду консолидированный отчёт за третий квартал по маркетингу."


def today(at: int = 0) -> date:
    """The day by the business's own clock, so many seconds after the beginning."""
    return Calendar().local(START + timedelta(seconds=at)).date()


def titles(rig: Rig) -> list[str]:
    """What all tasks are called."""
    return [task.title for task in rig.tasks()]


def waiting(rig: Rig) -> list[int]:
    """The messages that wait to be read."""
    return [row.message_id for row in rig.rows(TRIAGE)]


def hook(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> list[int]:
    """Do this once after messages were read and before what came of it is written; how often messages were read."""
    hear, read = hearing.hear, list[int]()

    def hear_and_do(*given: Any) -> Any:
        pages = hear(*given)
        read.append(sum(len(page.done) for page in pages))
        if len(read) == 1:
            do()
        return pages

    monkeypatch.setattr(module, "hear", hear_and_do)
    return read


def fail_on(monkeypatch: pytest.MonkeyPatch, word: str, how: Callable[[], object]) -> list[str]:
    """Whoever reads a message with this word does that first; the texts that were read."""
    extract, read = reader.extract, list[str]()

    def extract_or_fail(context: Any, message: Any) -> Any:
        read.append(message.text)
        if word in message.text:
            how()
        return extract(context, message)

    monkeypatch.setattr(sheet, "extract", extract_or_fail)
    return read


def trouble() -> None:
    """What nobody expected."""
    raise KeyError("what the customer wrote")


def die() -> None:
    """The process ends here."""
    os.kill(os.getpid(), signal.SIGKILL)
