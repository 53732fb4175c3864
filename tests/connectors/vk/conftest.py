"""What VK's tests share."""

from collections.abc import Iterator

import pytest

from connectors.vk import Vk
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, connector
from tests.fakes.vk import FakeVk


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    """A VK in which Anna may be written to."""
    with FakeVk() as vk:
        vk.allow(ANNA)
        yield vk


@pytest.fixture
def channel(vk: FakeVk, loop: LoopThread) -> Iterator[Vk]:
    """The connector of its community."""
    made = connector(vk)
    yield made
    loop.run(made.close(), 5)
