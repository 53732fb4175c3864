"""What the connectors' tests share."""

from collections.abc import Iterator

import hypothesis
import pytest

from pipeline.loop import LoopThread

# The suite is no test module of its own, and its asserts should tell as much as theirs.
pytest.register_assert_rewrite("tests.connectors.conformance")
# A busy machine makes no test wrong.
hypothesis.settings.register_profile("connectors", deadline=None)
hypothesis.settings.load_profile("connectors")


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    """The loop thread that owns connectors, as in a worker."""
    thread = LoopThread()
    yield thread
    thread.close()
