"""What Telegram's tests share."""

from collections.abc import Iterator

import pytest

from tests.connectors.telegram.kit import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A Bot API server that does as it is told."""
    with Server() as server:
        yield server
