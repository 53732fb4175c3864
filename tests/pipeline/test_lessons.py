"""The lesson at a terminal: figures, and a file that follows from them; out of the database or of a file."""

import random
from pathlib import Path

import msgspec
import orjson
import pytest

from pipeline.lessons import Unteachable, learn
from pipeline.reports import export_corrections
from settings import Settings
from storage.db import Database
from tasks import modelfile
from tasks.extract.learned import Candidate
from tasks.extract.model import SURE
from tests.running import House
from tests.tasks import pupils
from tests.tasks.desk import Desk

TEXT = "Здравствуйте! {} Спасибо"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"state_dir": str(tmp_path)})


def exported(folder: Path, make: pupils.Maker, count: int = 240) -> Path:
    path = folder / "corrections.jsonl"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, pupils.corrections(make, count))))
    return path


def test_what_is_better_is_kept(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learn(settings, exported(tmp_path, pupils.wrong_rule), dry_run=False)
    out = capsys.readouterr().out
    assert out.startswith("240 corrections of 120 dialogs to learn from: ")
    for word in ("log loss, rules", "log loss, share", "F1 of sure, rules", "±", "better than the rules", "model.json"):
        assert word in out
    found = modelfile.read(tmp_path / "tasks-model.json")
    assert found.confidence(Candidate("request", False, ("book",), 0.8, False, False, "заказ")) < SURE
    figures = orjson.loads((tmp_path / "tasks-model.json").read_bytes())["figures"]
    assert figures["corrections"] == 240
    assert f"{figures['loss']['gain']:+.3f} ± {figures['loss']['error']:.3f}" in out


def test_the_same_corrections_make_the_same_file(settings: Settings, tmp_path: Path) -> None:
    path = exported(tmp_path, pupils.wrong_rule)
    learn(settings, path, dry_run=False)
    first = settings.tasks_model.read_bytes()
    path.write_bytes(b"\n".join(reversed(path.read_bytes().split(b"\n"))))
    learn(settings, path, dry_run=False)
    assert settings.tasks_model.read_bytes() == first


@pytest.mark.parametrize(("make", "count"), [(pupils.right_rules, 240), (pupils.wrong_rule, 199)])
def test_what_is_not_better_takes_the_old_model_away(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], make: pupils.Maker, count: int
) -> None:
    path = exported(tmp_path, make, count)
    settings.tasks_model.write_text("an old model")
    learn(settings, path, dry_run=True)
    assert settings.tasks_model.read_text() == "an old model"
    assert "The rules stand: " in capsys.readouterr().out
    learn(settings, path, dry_run=False)
    assert not settings.tasks_model.exists()
    assert "is gone" in capsys.readouterr().out
    learn(settings, path, dry_run=False)
    assert "is gone" not in capsys.readouterr().out


def test_a_dry_run_writes_nothing(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learn(settings, exported(tmp_path, pupils.wrong_rule), dry_run=True)
    assert "The model is better than the rules." in capsys.readouterr().out
    assert not settings.tasks_model.exists()


@pytest.mark.parametrize(
    "line", [b"{", b"{}", b"\xff", b"[" * 100_000, b'{"task": 1, "text": "x", "verdict": "accepted"}']
)
def test_what_is_no_correction_is_named(settings: Settings, tmp_path: Path, line: bytes) -> None:
    path = exported(tmp_path, pupils.wrong_rule, 2)
    path.write_bytes(path.read_bytes() + b"\n\n" + line)
    with pytest.raises(Unteachable, match="line 4: "):
        learn(settings, path, dry_run=False)
    with pytest.raises(Unteachable, match="No such file"):
        learn(settings, tmp_path / "none", dry_run=False)


def test_the_database_s_corrections_are_learned_from(
    db: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(db)
    anna, dice = desk.operator(), random.Random(5)
    for number in range(70):
        dialog = desk.says(f"v{number}", text := TEXT.format("заказ ключ"))
        (message,) = desk.messages(anna, dialog)
        proof = {"message": message["id"], "start": 14, "end": 24, "text": text[14:24]}
        for _ in range(3):
            found = pupils.wrong_rule(dice, number)
            task = desk.finds(
                dialog, source_message_id=message["id"], evidence=[proof], rules=[found.rule],
                confidence=found.confidence, extractor="rules-0",
            )  # fmt: skip
            desk.sets(anna, task, status="done" if found.kept else "rejected")
    settings = Settings.model_validate({"state_dir": str(tmp_path / "state"), "database": {"url": database_url}})
    learn(settings, None, dry_run=False)
    told = capsys.readouterr().out
    assert told.startswith("210 corrections of 70 dialogs")
    assert "The model is better than the rules." in told
    model = modelfile.read(settings.tasks_model)
    # And what was exported is the same lesson.
    export_corrections(settings, tmp_path / "exported.jsonl")
    learn(settings, tmp_path / "exported.jsonl", dry_run=False)
    assert capsys.readouterr().out == told
    assert modelfile.read(settings.tasks_model) == model


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_a_command(database_url: str, tmp_path: Path) -> None:
    house = House(tmp_path, database_url)
    said = house.run("tasks", "learn")
    assert (said.status, said.err) == (0, "")
    assert said.out == (
        "0 corrections of 0 dialogs to learn from: 0 accepted, 0 edited, 0 rejected.\n"
        "The rules stand: 200 corrections are needed.\n"
    )
    path = exported(tmp_path, pupils.wrong_rule)
    assert "better" in house.run("tasks", "learn", "--from", str(path), "--dry-run").out
    wrong = house.run("tasks", "learn", "--from", str(tmp_path / "none"))
    assert (wrong.status, "Traceback" in wrong.err) == (1, False)
    house.close()
