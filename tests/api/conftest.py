"""Fixtures of the HTTP door: the application on each database, and a token of every role."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import log
from settings import Settings, load, merge
from storage.db import Database
from tests.api.served import Okno
from tests.dialogs.scene import Scene


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Logs as a service writes them; what a library does by itself draws frames with the values of all variables."""
    log.configure("warning", "json")


@pytest.fixture
def web() -> dict[str, Any]:
    """Keys of the section `web` that are not the defaults; for tests to parametrize."""
    return {}


@pytest.fixture
def channel() -> dict[str, Any]:
    """The same for the website chat `site`."""
    return {}


@pytest.fixture
def settings(database_url: str, tmp_path: Path, web: dict[str, Any], channel: dict[str, Any]) -> Settings:
    """The defaults on the test's own database."""
    own: dict[str, Any] = {"state_dir": str(tmp_path / "var"), "database": {"url": database_url}, "web": web}
    own["channels"] = {"site": channel}
    return Settings.model_validate(merge(load({}).model_dump(), own))


@pytest.fixture
def okno(settings: Settings) -> Iterator[Okno]:
    """The application, served."""
    with Okno(settings) as served:
        yield served


@pytest.fixture
def scene(db: Database) -> Scene:
    """The house behind it."""
    return Scene(db)


@pytest.fixture
def admin(scene: Scene) -> str:
    """An administrator's token."""
    return scene.token(scene.operator("Boss", "admin"))


@pytest.fixture
def anna(scene: Scene) -> str:
    """An operator's token."""
    return scene.token(scene.operator("Anna", "operator"))


@pytest.fixture
def guest(scene: Scene) -> str:
    """The token of somebody who only looks."""
    return scene.token(scene.operator("Guest", "read-only"))
