"""Reports: the ledger and the broken promises, for people and for programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports import export_corrections, show_breaches, show_status
from settings import Settings
from storage import refusals
from tasks import corrections
from tests.fakes.channel import raw
from tests.pipeline.rig import CHANNEL, Rig
from tests.running import House


@pytest.fixture
def settings(rig: Rig) -> Settings:
    rig.take(raw("anna", "1"), raw("anna", "1"), raw("anna", "2", poison="raise"))
    rig.letter("ok")
    sections = {CHANNEL: rig.world.section(), "mail": rig.world.section()}
    whole = {"database": {"url": rig.url}, "state_dir": str(rig.folder), "channels": sections}
    return Settings.model_validate(whole)


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_status_as_a_table_names_every_count(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show_status(settings, as_json=False)
    out = capsys.readouterr().out
    for word in ("Inbox", "received", "processed", "duplicate", "parked", "in flight", "Outbox", "queued", CHANNEL):
        assert word in out
    assert "1 messages to be read for tasks" in " ".join(out.split())


def test_status_as_json_adds_up(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show_status(settings, as_json=True)
    found = told(capsys)
    flow = found["channels"][CHANNEL]
    assert flow == {"received": 3, "processed": 1, "duplicate": 1, "parked": 1, "in_flight": 0, "lag_seconds": 0.0}
    assert found["outbox"][CHANNEL]["states"] == {"queued": 1}
    assert found["to_read"]["messages"] == 1
    assert found["to_read"]["oldest_seconds"] > 0


def test_status_tells_whose_calls_are_turned_away(
    rig: Rig, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig.db.begin() as tx:
        refusals.note(tx, CHANNEL, "wrong secret")
    show_status(settings, as_json=False)
    line = " ".join(capsys.readouterr().out.split())
    assert f"{CHANNEL} turns calls to its hook away since" in line
    assert "wrong secret" in line
    show_status(settings, as_json=True)
    found = told(capsys)
    assert (found["halts"], found["refused"][CHANNEL]["reason"]) == ({}, "wrong secret")


def test_kept_promises_are_said_to_be_kept(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_breaches(settings, as_json=False) == 0
    assert capsys.readouterr().out == "Every promise is kept.\n"
    assert show_breaches(settings, as_json=True) == 0
    assert told(capsys) == {"ok": True, "breaches": []}


def test_a_broken_promise_is_named_with_its_rows(
    rig: Rig, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig.db.begin() as tx:
        tx.exec_driver_sql("UPDATE outbox SET state = 'nowhere'")
    assert show_breaches(settings, as_json=False) == 1
    out = capsys.readouterr().out
    assert "BROKEN  letters" in out
    assert "'state': 'nowhere'" in out
    assert show_breaches(settings, as_json=True) == 1
    found = told(capsys)
    assert found["ok"] is False
    assert found["breaches"][0]["rows"] == [{"letter_id": 1, "state": "nowhere"}]


def test_a_message_that_was_lost_is_missed(rig: Rig, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    rig.take(raw("bert", "1", "gone"))
    with rig.db.begin() as tx:
        tx.exec_driver_sql("DELETE FROM messages WHERE text = 'gone'")
    assert show_breaches(settings, as_json=True) == 1
    assert "stored" in {breach["promise"] for breach in told(capsys)["breaches"]}


def test_corrections_that_cannot_be_written_are_told_in_a_line(rig: Rig, tmp_path: Path) -> None:
    house, target = House(tmp_path / "house", rig.url), tmp_path / "none" / "x"
    said = house.run("tasks", "corrections", "--export", str(target))
    assert (said.status, said.err.splitlines()[-1:]) == (1, [f"{target}: No such file or directory"])
    assert "Traceback" not in said.err
    said = house.run("tasks", "corrections", "--export", "/dev/stdout")
    assert (said.status, said.out) == (0, "")
    house.close()


def test_corrections_that_break_off_leave_the_file_as_it_was(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Iterator[dict[str, Any]]:
        yield {"task": 1}
        raise RuntimeError

    folder = tmp_path / "exported"
    folder.mkdir()
    target = folder / "x"
    target.write_text("as it was")
    monkeypatch.setattr(corrections, "examples", broken)
    with pytest.raises(RuntimeError):
        export_corrections(settings, target)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("x", "as it was")]
