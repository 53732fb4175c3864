"""What `pip install` puts on a machine runs there with the source tree out of reach."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
PACKAGES = ["connectors", "pipeline", "dialogs", "tasks", "storage", "api"]
MODULES = ["workers.py", "settings.py", "log.py", "errors.py", "settings.toml"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation, so that no build tool is fetched.
    run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)], cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new environment with the wheel in it, where the dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    uv = [find_uv_bin(), "pip", "install", "--offline", "--no-cache", "--no-deps", "--no-index", "--no-config"]
    run([*uv, "--python", str(python), str(wheel)], cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def run(command: list[str], cwd: Path) -> str:
    """What the command wrote; fails the test when it failed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(command, check=False, cwd=cwd, env=environment, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_holds_the_program_and_nothing_else(wheel: Path) -> None:
    tree = {path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()}
    expected = {str(path.relative_to(ROOT)) for path in tree if "__pycache__" not in path.parts}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())
    assert held == expected | set(MODULES)


def test_the_installed_modules_are_the_wheel_s(installed: Path, tmp_path: Path) -> None:
    show = "import api, settings, storage, workers; print(api.__file__, settings.__file__, workers.__file__)"
    for path in run([str(installed / "python"), "-c", show], cwd=tmp_path).split():
        assert Path(path).is_relative_to(installed.parent)


def test_the_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    help_text = run([str(installed / "okno"), "--help"], cwd=tmp_path)
    for command in ["receive", "work", "web", "clock", "migrate", "check", "status", "verify", "replay", "import"]:
        assert command in help_text
    assert not list(tmp_path.iterdir())


def test_it_migrates_and_checks_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    run([str(installed / "okno"), "migrate"], cwd=tmp_path)
    assert (tmp_path / "var" / "okno.db").is_file()
    run([str(installed / "okno"), "check"], cwd=tmp_path)
