"""What the pipeline's tests share: the fake kind of channel, and a pipeline over a database of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import registry
from pipeline import drain, stopping
from storage.db import Database
from tests.fakes.channel import Fake
from tests.fakes.completions import Completions
from tests.pipeline.model import Model
from tests.pipeline.rig import Rig, Sending
from tests.tasks.desk import Desk


@pytest.fixture(autouse=True)
def fake_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels of the kind "fake"."""
    monkeypatch.setitem(registry._KINDS, "fake", "tests.fakes.channel:Fake")
    monkeypatch.setattr(Fake, "during", None)
    monkeypatch.setattr(Fake, "reading", None)


@pytest.fixture(autouse=True)
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is told to stop inside this process does not take it along after the deadline."""
    monkeypatch.setattr(stopping, "_end_hard", lambda *_: None)


@pytest.fixture(autouse=True)
def restless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for more to come."""
    monkeypatch.setattr(drain, "_REST", 0.0)


@pytest.fixture
def rig(db: Database, tmp_path: Path) -> Rig:
    """A pipeline, by the book."""
    return Rig(db, tmp_path)


@pytest.fixture
def sending(rig: Rig) -> Iterator[Sending]:
    """Its delivery."""
    found = Sending(rig)
    yield found
    found.close()


@pytest.fixture
def server() -> Iterator[Completions]:
    """A server with a language model."""
    with Completions() as found:
        yield found


@pytest.fixture
def model(db: Database, server: Completions) -> Iterator[Model]:
    """A house in which it is asked."""
    found = Model(db, server)
    yield found
    found.close()


@pytest.fixture
def desk(rig: Rig) -> Desk:
    """The operators of the same house."""
    return Desk(rig.db)
