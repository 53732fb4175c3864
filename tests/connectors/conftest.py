"""What the connectors' tests share."""

from collections.abc import Iterator

import pytest

from pipeline.loop import LoopThread

# The suite is no test module of its own, and its asserts should tell as much as theirs.
pytest.register_assert_rewrite("tests.connectors.conformance")


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    """The loop thread that owns connectors, as in a worker."""
    thread = LoopThread()
    yield thread
    thread.close()
