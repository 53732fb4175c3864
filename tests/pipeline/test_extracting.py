"""Tasks of a file: a line in, a line out; the file comes whole or not at all."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.extracting import extract_file
from settings import load
from tasks import modelfile
from tasks.extract.learned import Model
from tests.running import PATIENCE, House

GOOD = '{"from": "client", "at": "2025-10-13T11:50:00", "text": "Пришлите счёт"}'
AT = "2025-10-13T11:50:00"


def _conversation(name: str, *texts: str, at: str = AT) -> str:
    messages = [{"from": "client", "at": at, "text": text} for text in texts]
    return json.dumps({"id": name, "lang": "ru", "messages": messages, "tasks": [{"ignored": True}]})


def _extracted(tmp_path: Path, *lines: str, sure: bool = False) -> list[dict[str, Any]]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert extract_file(load({}), source, target, sure=sure) == 0
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_each_conversation_has_its_line_in_order(tmp_path: Path) -> None:
    text = "🙂 Пришлите счёт до пятницы"
    first, second = _extracted(tmp_path, _conversation("a", text), _conversation("b", "Спасибо!"))
    (task,) = first.pop("tasks")
    assert first == {"id": "a"}
    assert second == {"id": "b", "tasks": []}
    assert task["evidence"] == {"start": 2, "end": len(text)}
    assert {name: task[name] for name in ("kind", "title", "due", "status", "source_message")} == {
        "kind": "request",
        "title": "Прислать счёт до пятницы",
        "due": "2025-10-17",
        "status": "open",
        "source_message": 0,
    }
    assert task["confidence"] >= 0.5


def test_proposed_tasks_can_be_left_out(tmp_path: Path) -> None:
    line = _conversation("a", "мой заказ 77-12, синий чемодан")
    ((task,), nothing) = (_extracted(tmp_path, line, sure=sure)[0]["tasks"] for sure in (False, True))
    assert task["confidence"] < 0.5
    assert nothing == []


def test_the_learned_model_judges_as_it_does_for_workers(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(_conversation("a", "Пришлите счёт до пятницы") + "\n", encoding="utf-8")
    settings = load({"OKNO_STATE_DIR": str(tmp_path / "var")})
    modelfile.write(settings.tasks_model, Model({}, -3.0), {})
    assert extract_file(settings, source, target, sure=False) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["tasks"][0]["confidence"] == 0.05


def test_times_with_a_zone_are_read_by_the_businesss_clock(tmp_path: Path) -> None:
    # Half past eleven in the evening in London is the next day in Moscow.
    line = _conversation("a", "Пришлите счёт сегодня", at="2025-10-13T22:30:00+00:00")
    assert _extracted(tmp_path, line)[0]["tasks"][0]["due"] == "2025-10-14"


def test_a_link_goes_on_naming_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.jsonl").touch()
    (tmp_path / "out.jsonl").symlink_to(tmp_path / "real.jsonl")
    _extracted(tmp_path, _conversation("a", "Спасибо!"))
    assert (tmp_path / "out.jsonl").is_symlink()
    assert (tmp_path / "real.jsonl").read_text(encoding="utf-8").startswith('{"id":"a"')


def test_it_is_a_command_that_needs_no_database(tmp_path: Path) -> None:
    house = House(tmp_path, "postgresql+psycopg://127.0.0.1:9/nowhere")
    source = tmp_path / "in.jsonl"
    source.write_text(_conversation("a", "синий чайник") + "\n", encoding="utf-8")
    said = house.run("tasks", "extract-file", str(source), "/dev/stdout", "--min-tier", "sure")
    assert (said.status, said.out.splitlines()[0]) == (0, '{"id":"a","tasks":[]}')
    assert house.run("tasks", "extract-file", str(source), "/dev/stdout", "--min-tier", "surest").status == 2
    house.close()


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "line 2"),
        ('{"id": 1}', "messages"),
        ('{"id": 1, "messages": [{"from": "boss", "at": "2025-10-13T11:50:00", "text": ""}]}', "neither client nor"),
        ('{"id": 1, "messages": [{"from": "client", "at": "yesterday", "text": ""}]}', "line 2"),
        ('{"id": 1, "messages": [{"from": "client", "at": "0001-01-01T00:00:00+14:00", "text": ""}]}', "line 2"),
        ('{"id": 1, "messages": [' + GOOD.replace("счёт", r"счёт \ud800") + "]}", "line 2"),
        ('{"id": 1, "messages": [' + GOOD.replace('"Пришлите счёт"', "null") + "]}", "text: this is no string"),
        ('{"id": 1, "messages": [' + GOOD.replace('"Пришлите счёт"', '["счёт"]') + "]}", "text: this is no string"),
        (r'{"id": "\ud800", "messages": [' + GOOD + "]}", "line 2"),
        ('{"id": 36893488147419103232, "messages": [' + GOOD + "]}", "line 2"),
        ('{"id": ' + "[" * 300 + "]" * 300 + ', "messages": [' + GOOD + "]}", "line 2"),
        ('{"id": 1, "messages": ' + "[" * 100_000, "line 2"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: str, why: str
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(f"{_conversation('a', 'Пришлите счёт')}\n{bad}\n", encoding="utf-8")
    target.write_text("as it was")
    assert extract_file(load({}), source, target, sure=False) == 1
    assert why in capsys.readouterr().err
    assert target.read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert extract_file(load({}), tmp_path / "none", tmp_path / "out", sure=False) == 1
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize(("target", "why"), [("none/out", "No such file"), ("in/out", "Not a dir"), ("", "Is a dir")])
def test_a_target_that_cannot_be_is_named_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, why: str
) -> None:
    source = tmp_path / "in"
    source.write_text("no conversation\n")
    assert extract_file(load({}), source, tmp_path / target, sure=False) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path / target}: {why}")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_full_device_is_told_as_the_target_s_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(_conversation("a", "Спасибо!") + "\n", encoding="utf-8")
    assert extract_file(load({}), source, Path("/dev/full"), sure=False) == 1
    assert "\n/dev/full: No space" in capsys.readouterr().err


def test_pipes_are_read_and_written_once(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    os.mkfifo(source)
    os.mkfifo(target)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(source.write_text, _conversation("a", "Пришлите счёт") + "\n", encoding="utf-8")
        written = pool.submit(target.read_text, encoding="utf-8")
        assert extract_file(load({}), source, target, sure=False) == 0
        assert json.loads(written.result(PATIENCE))["tasks"][0]["title"] == "Прислать счёт"


def test_a_link_that_names_itself_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text(_conversation("a", "Спасибо!") + "\n", encoding="utf-8")
    target.symlink_to(target)
    assert extract_file(load({}), source, target, sure=False) == 1
    assert capsys.readouterr().err == f"{target}: Too many levels of symbolic links\n"
