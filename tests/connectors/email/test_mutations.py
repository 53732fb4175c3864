"""Mutated mails, a few: the trial that `python -m tests.mutations` makes with many, and whether it would notice."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.base import Message, Raw, Sender
from storage.db import Database, now
from tests.mutations.mutate import mutated, samples
from tests.mutations.trial import Figures, Trial, fault_of

MAILS = 200


@pytest.fixture
def trial(db: Database, tmp_path: Path) -> Iterator[Trial]:
    found = Trial(db, tmp_path, Figures())
    yield found
    found.close()


def test_mutated_mails_are_read_and_stored(trial: Trial) -> None:
    mails = samples()
    trial.run({number: mutated(mails, random.Random(f"7:{number}")) for number in range(1, MAILS + 1)})
    figures = trial.figures
    assert (figures.mails, figures.exceptions, figures.not_stored) == (MAILS, 0, 0)
    assert not figures.faults
    assert len(figures.stubs) < 3


def test_the_same_number_is_the_same_mail() -> None:
    first, again = (mutated(samples(), random.Random("7:1")) for _ in range(2))
    assert first == again != mutated(samples(), random.Random("7:2"))


def test_a_folder_adds_its_mails(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.eml").write_bytes(b"From: a@b.c")
    assert samples(tmp_path) == [*samples(), b"From: a@b.c"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"text": "a\0"}, "cannot be stored"),
        ({"data": {"subject": "\ud800"}}, "cannot be stored"),
        ({"answers": ("\0",)}, "cannot be stored"),
        ({"sender": Sender("")}, "nobody"),
        ({"text": ""}, "nothing"),
        ({"external_id": "b"}, "other"),
        ({"data": {"subject": object()}}, "JSON"),
    ],
)
def test_what_cannot_be_is_noticed(told: dict[str, object], why: str) -> None:
    fields: dict[str, object] = {"external_id": "a", "sender": Sender("x@y"), "text": "b", "sent_at": now()}
    message = Message(**{**fields, **told})  # type: ignore[arg-type]
    assert why in fault_of(Raw("a", "x@y", b""), [message])


def test_one_that_is_lost_is_noticed(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = type(trial._channels["mail"]).parse
    monkeypatch.setattr(
        type(trial._channels["mail"]),
        "parse",
        lambda self, raw: [] if raw.external_id.endswith(":2") else parse(self, raw),
    )
    trial.run({1: samples()[0], 2: samples()[1], 3: samples()[2]})
    assert trial.figures.not_stored == 1
    assert trial.figures.faults.keys() == {2}
