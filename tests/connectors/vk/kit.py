"""What the tests of the VK connector share: the connector in front of the fake, and what it reads."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.base import Batch, Letter, Outgoing, Raw
from connectors.vk import Vk
from connectors.vk.settings import VkSettings
from pipeline.loop import LoopThread
from tests.fakes.vk import FakeVk

ANNA, CHAT = 1001, 2_000_000_004


def connector(vk: FakeVk, **more: Any) -> Vk:
    """The connector of the fake's community."""
    section = {"kind": "vk", "token": vk.token, "group_id": vk.group_id, "api_base": vk.url, **more}
    return Vk("vk", VkSettings.model_validate(section))


def letter(text: str = "hello", number: int = 77, **more: Any) -> Letter:
    """A reply to Anna."""
    fixed: dict[str, Any] = {"recipient": str(ANNA), "action": "send", "sent_at": datetime.now(UTC), **more}
    return Letter(id=1, key=f"okno-{number}", text=text, author="Olga", number=number, **fixed)


def file(folder: Path, name: str, type: str, content: bytes = b"content") -> Outgoing:
    """A stored file."""
    path = folder / name
    path.write_bytes(content)
    return Outgoing("f1", name, type, len(content), str(path))


class Reader:
    """Reads a connector the way the pipeline does: a batch is stored before the next one is asked for."""

    def __init__(self, loop: LoopThread, connector: Vk, cursor: str | None = None) -> None:
        self._loop, self.connector, self.cursor = loop, connector, cursor
        self.batches: list[Batch] = []
        self.raws: list[Raw] = []
        self._source = connector.receive(cursor)

    def read(self, count: int = 1, timeout: float = 10.0) -> Sequence[Raw]:
        """So many more raws."""
        start = len(self.raws)
        while len(self.raws) < start + count:
            self.batch(timeout)
        return self.raws[start:]

    def batch(self, timeout: float = 10.0) -> Batch:
        """One more batch."""
        batch = self._loop.run(self._next(), timeout)
        self.batches.append(batch)
        self.raws += batch.raws
        self.cursor = batch.cursor or self.cursor
        return batch

    def quiet(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while; the reader is of no use afterwards."""
        try:
            self.batch(seconds)
        except TimeoutError:
            return True
        return False

    async def _next(self) -> Batch:
        return await anext(aiter(self._source))


def texts(connector: Vk, raws: Sequence[Raw]) -> list[str]:
    """What the raws say."""
    return [getattr(envelope, "text", type(envelope).__name__) for raw in raws for envelope in connector.parse(raw)]
