"""A reply that never arrives: days may have gone by, and the dialog be settled; whoever owns it has to know."""

import pytest

from connectors.base import Raw
from storage.outbox import OUTBOX
from tests.fakes.channel import raw
from tests.pipeline.rig import Rig, Sending


def report(number: int, state: str) -> Raw:
    return raw("anna", f"report {number}", "", kind="report", id="anna:2", state=state, at=2)


def test_one_that_is_refused_for_good_brings_its_dialog_back(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"), raw("bert", "1"))
    lost = rig.letter("rejected")
    rig.resolve()
    sending.sweep()
    assert rig.letter_row(lost).state == "failed"
    own = rig.letter_row(lost).dialog_id
    assert {row.dialog_id: row.status for row in rig.episodes()} == {own: "open", 3 - own: "resolved"}
    assert [line.dialog_id for line in rig.events("dialog.reopened")] == [own]
    rig.check()


@pytest.mark.parametrize(
    ("text", "automatic", "state"),
    [("ok", False, "sent"), ("unavailable", False, "queued"), ("rejected", True, "failed")],
)
def test_one_that_nobody_waits_for_does_not(rig: Rig, sending: Sending, text: str, automatic: bool, state: str) -> None:
    rig.take(raw("anna", "1"))
    rig.letter(text, automatic=automatic)
    rig.resolve()
    sending.sweep()
    assert [row.state for row in rig.rows(OUTBOX)] == [state]
    assert [row.status for row in rig.episodes()] == ["resolved"]


def test_one_that_comes_back_brings_its_dialog_back_once(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", direction="out"))
    rig.resolve()
    rig.take(report(1, "delivered"))
    assert [row.status for row in rig.episodes()] == ["resolved"]
    rig.take(report(2, "failed"), report(3, "failed"))
    assert [row.status for row in rig.episodes()] == ["open"]
    assert len(rig.events("dialog.reopened")) == 1
    rig.check()
