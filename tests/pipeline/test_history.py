"""History: files taken in through the same door as everything else, again without harm, and nothing left out unsaid."""

import json
from pathlib import Path

import pytest

from pipeline.history import bring_in
from settings import Settings, SettingsError
from storage.inbox import INBOX
from tests.fakes.channel import raw
from tests.pipeline.rig import CHANNEL, Rig


def settings_of(rig: Rig) -> Settings:
    sections = {CHANNEL: rig.world.section(), "off": rig.world.section(enabled=False), "plain": {"kind": "deaf"}}
    chosen = {name: section for name, section in sections.items() if name != "plain"}
    return Settings.model_validate({"database": {"url": rig.url}, "state_dir": str(rig.folder), "channels": chosen})


def line(number: int) -> str:
    found = raw("anna", str(number), f"line {number}", history=True, at=number)
    return json.dumps({"id": found.external_id, "hint": found.address_hint, "data": found.data.decode()})


def written(folder: Path, *lines: str, name: str = "history.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{each}\n" for each in lines))
    return path


def test_every_message_of_every_file_is_taken_in_once(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = written(tmp_path, *(line(n) for n in range(700)))
    two = written(tmp_path, *(line(n) for n in range(690, 710)), name="more.jsonl")
    assert bring_in(settings_of(rig), CHANNEL, [one, two]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "710 new, 10 there already, 0 left out"
    assert bring_in(settings_of(rig), CHANNEL, [one, two]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 new, 720 there already, 0 left out"
    rig.settle()
    assert rig.said() == [f"line {n}" for n in range(710)]
    assert rig.dialogs()[0].unread == 0
    rig.check()


def test_what_cannot_be_read_is_named_and_left_out(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, line(1), "nonsense", line(2), "{}")
    assert bring_in(settings_of(rig), CHANNEL, [path]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "2 new, 0 there already, 2 left out"
    assert said.err.splitlines()[-2:] == [
        f"left out: {path}: line 2: no message",
        f"left out: {path}: line 4: no message",
    ]
    assert len(rig.rows(INBOX)) == 2


def test_a_file_that_cannot_be_opened_is_named_and_the_others_are_taken_in(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = written(tmp_path, line(1))
    assert bring_in(settings_of(rig), CHANNEL, [tmp_path / "missing.jsonl", tmp_path, good]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "1 new, 0 there already, 2 left out"
    first, second = said.err.splitlines()[-2:]
    assert "missing.jsonl: No such file" in first
    assert f"{tmp_path}: Is a directory" in second


def test_a_message_without_a_usable_id_is_named_and_left_out(
    rig: Rig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = json.dumps({"id": "x" * 600, "hint": "anna", "data": "{}"})
    path = written(tmp_path, line(1), long, line(2))
    assert bring_in(settings_of(rig), CHANNEL, [path]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "2 new, 0 there already, 1 left out"
    assert str(path) in said.err


@pytest.mark.parametrize("name", ["gone", "off"])
def test_a_channel_that_is_not_open_is_refused(rig: Rig, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"there is no channel '{name}'"):
        bring_in(settings_of(rig), name, [written(tmp_path, line(1))])
