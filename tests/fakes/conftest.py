"""What the fakes' own tests share."""

from collections.abc import Iterator

import pytest

from tests.fakes.vk import FakeVk
from tests.fakes.vk_client import ANNA, VkClient


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    """A VK in a hurry, in which Anna has written."""
    with FakeVk() as fake:
        fake.tune(rate=1000)
        fake.says(ANNA, "Hello")
        yield fake


@pytest.fixture
def client(vk: FakeVk) -> VkClient:
    """Somebody who calls it."""
    return VkClient(vk)
