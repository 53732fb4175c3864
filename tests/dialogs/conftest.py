"""Fixtures of the rules of talk."""

import pytest

from storage.db import Database
from tests.dialogs.scene import Scene


@pytest.fixture
def scene(db: Database) -> Scene:
    """An empty house, on each database."""
    return Scene(db)
