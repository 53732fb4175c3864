"""Hosted: what Dramatiq's own command line boots does all that a worker of ours does."""

from typing import Any

import pytest

import log
from pipeline import hosted, queues
from settings import Settings
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import CHANNEL, Rig
from tests.running import eventually


def test_who_makes_calls_is_warm_before_the_first_of_them(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "configure", lambda *_: None)
    told: dict[str, Any] = {"database": {"url": rig.url}, "state_dir": str(rig.folder)}
    settings = Settings.model_validate({**told, "channels": {CHANNEL: rig.world.section()}, "work": {"sweep": 0.05}})
    rig.take(raw("anna", "0"))
    Fake.warmed.clear()
    worker = queues.start_worker(hosted.serve(settings), queues.DELIVER, 1)
    try:
        letter = rig.letter("ok")
        eventually(lambda: rig.letter_row(letter).state == "sent")
        eventually(lambda: Fake.warmed == [CHANNEL])
    finally:
        worker.stop()
