"""Fixtures of the rules of work."""

import pytest

from storage.db import Database
from tests.tasks.desk import Desk


@pytest.fixture
def desk(db: Database) -> Desk:
    """An empty house with a board of tasks, on each database."""
    return Desk(db)
