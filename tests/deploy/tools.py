"""Programs that the files in deploy/ are for, as far as they are installed here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def needed(name: str) -> str:
    """A program that CI installs: without it a test is skipped at home and fails in CI."""
    if found := shutil.which(name):
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI has to run every test")
    pytest.skip(f"{name} is not installed")


def wanted(name: str) -> str:
    """A program that CI does without: where it is missing the test is skipped."""
    if found := shutil.which(name):
        return found
    pytest.skip(f"{name} is not installed")


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, status: int = 0) -> str:
    """What the command wrote; fails the test when it ended otherwise than with `status`."""
    done = subprocess.run(command, check=False, cwd=cwd, env=env, text=True, capture_output=True, timeout=60)
    assert done.returncode == status, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
