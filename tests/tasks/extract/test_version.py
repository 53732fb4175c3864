"""The version of the rules changes with them."""

import shutil
from pathlib import Path

import pytest

from tasks.extract import version as module
from tasks.extract.version import version


@pytest.mark.parametrize(
    "changed", ["extract/cues/russian.toml", "extract/speech/judge.py", "grammar/words.py", "dates.py"]
)
def test_it_is_another_with_other_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str) -> None:
    shutil.copytree(Path(module.__file__).parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(module, "_TASKS", tmp_path)
    assert version.__wrapped__() == version()
    with (tmp_path / changed).open("a") as file:
        file.write("# another\n")
    assert version.__wrapped__() != version()
