"""The model's file: what was written is read, what is broken or foreign is refused, and changes are noticed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import CapturingLogger

from tasks import modelfile
from tasks.extract.learned import SIZE, Model
from tasks.extract.version import version
from tasks.modelfile import ModelFile, Unusable, read, write

MODEL = Model({3: -0.25, 700: 1.5}, 0.125)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "tasks-model.json"


@given(model=st.builds(Model, st.dictionaries(st.integers(0, SIZE - 1), st.floats(-1000, 1000)), st.floats(-9, 9)))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, model: Model) -> None:
    path = tmp_path_factory.getbasetemp() / "model.json"
    write(path, model, {"log loss": 0.5})
    assert read(path) == model


def test_the_largest_model_is_read(path: Path) -> None:
    whole = Model(dict.fromkeys(range(SIZE), -123.456789), -123.456789)
    write(path, whole, {})
    assert read(path) == whole


def test_it_says_what_it_is_in_plain_numbers(path: Path) -> None:
    write(path, MODEL, {"corrections": 300})
    assert json.loads(path.read_text()) == {
        "format": "okno-tasks-model", "features": 1, "extractor": version(), "size": SIZE, "intercept": 0.125,
        "weights": {"3": -0.25, "700": 1.5}, "figures": {"corrections": 300},
    }  # fmt: skip
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, MODEL, {})

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, Model({}, 1.0), {})
    assert read(path) == MODEL
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"format": "okno-spam-model"}, "no model"),
        ({"features": 2}, "run `tasks learn` again"),
        ({"size": SIZE * 2}, "run `tasks learn` again"),
        ({"extractor": "rules-0"}, "run `tasks learn` again"),
        ({"weights": {str(SIZE): 1.0}}, "no model"),
        ({"weights": {"-1": 1.0}}, "no model"),
        ({"weights": {"word": 1.0}}, "no model"),
        ({"weights": {"1": 1e9}}, "no model"),
        ({"weights": {"1": float("nan")}}, "no model"),
        ({"weights": {"1": "1"}}, "no model"),
        ({"weights": [1.0]}, "no model"),
        ({"intercept": None}, "no model"),
        ({"intercept": float("inf")}, "no model"),
        ({"code": "import os"}, "no model"),
    ],
)
def test_what_is_no_model_for_these_rules_is_refused(path: Path, other: dict[str, Any], reason: str) -> None:
    write(path, MODEL, {})
    path.write_text(json.dumps({**json.loads(path.read_text()), **other}))
    with pytest.raises(Unusable, match=reason):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\x80\x04\x95pickle", b"[" * 100_000, b'{"figures":' + b"[" * 100_000]
)
def test_anything_else_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Unusable, match="no model"):
        read(path)


def test_half_a_model_and_one_too_large_are_refused(path: Path) -> None:
    write(path, MODEL, {})
    whole = path.read_bytes()
    for cut in range(len(whole.rstrip())):
        path.write_bytes(whole[:cut])
        with pytest.raises(Unusable):
            read(path)
    path.write_bytes(whole + b" " * (4 << 20))
    with pytest.raises(Unusable, match="too large"):
        read(path)


# ---- while it is looked at ----


def test_changes_are_noticed(path: Path) -> None:
    file = ModelFile(path)
    assert file.model() is None
    write(path, MODEL, {})
    assert file.model() == MODEL
    write(path, Model({}, 1.0), {})
    assert file.model() == Model({}, 1.0)
    path.unlink()
    assert file.model() is None


def test_it_is_read_once_as_long_as_it_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, MODEL, {})
    file = ModelFile(path)
    assert file.model() == MODEL
    monkeypatch.delattr(modelfile, "read")
    assert file.model() == MODEL


def test_a_broken_one_is_told_of_once_and_the_rules_stand(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = CapturingLogger()
    monkeypatch.setattr(modelfile, "_log", logger)
    write(path, MODEL, {})
    file = ModelFile(path)
    assert file.model() == MODEL
    path.write_text("{")
    assert [file.model() for _ in range(3)] == [None] * 3
    write(path, MODEL, {})
    assert file.model() == MODEL
    assert [(call.method_name, call.args[0]) for call in logger.calls] == [
        ("info", "tasks.model_loaded"),
        ("warning", "tasks.model_refused"),
        ("info", "tasks.model_loaded"),
    ]
    told = logger.calls[1].kwargs
    assert (told["file"], told["instead"]) == (str(path), "the rules stand")
    assert "no model" in told["reason"]


def test_what_cannot_be_read_is_no_model(tmp_path: Path) -> None:
    assert ModelFile(tmp_path).model() is None
    (tmp_path / "plain").touch()
    assert ModelFile(tmp_path / "plain" / "model.json").model() is None
