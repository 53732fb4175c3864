"""The lock files name every package exactly, by its hashes, and nobody's address."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"


class Pin(NamedTuple):
    """One requirement of a lock file: its exact version and the hashes of its files."""

    version: str
    hashes: frozenset[str]


def pins(lock: str) -> dict[str, Pin]:
    """The requirements of a lock file by name."""
    found: dict[str, Pin] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip()):
        name, version = re.split(r"(?:\[.*?\])?==", entry.split()[0])
        found[canonicalize_name(name)] = Pin(version, frozenset(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
    return found


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    assert pins(lock)
    assert not [name for name, pin in pins(lock).items() if not pin.hashes]


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_no_address_is_written_down(lock: str) -> None:
    assert not re.search(r"://|@|--(extra-)?index|--find-links|--trusted", (ROOT / lock).read_text())


def test_tests_run_on_what_is_installed_elsewhere() -> None:
    assert pins(RUNTIME).items() <= pins(DEV).items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for asked, lock in [
        (project["project"]["dependencies"], RUNTIME),
        (project["dependency-groups"]["dev"], DEV),
        (project["project"]["optional-dependencies"]["learn"], DEV),
    ]:
        for requirement in map(Requirement, asked):
            assert requirement.specifier.contains(pins(lock)[canonicalize_name(requirement.name)].version), requirement
