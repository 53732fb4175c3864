"""The outside world, in a process of its own that is never harmed: `python -m tests.chaos.world CONFIG.json`.

Reads one JSON list a line from its input and answers on its output:
["fail", kind, seconds] makes the site's server fail for a while, ["spoil", stage, what…] the mail server the next
times, ["state"] only asks, ["end"] takes a last look at everything. Each is answered with {acked, busy, feed, struck}.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import orjson
import uvloop

from tests.chaos import ledger
from tests.chaos.config import Config
from tests.chaos.consumer import Consumer
from tests.chaos.correspondents import Correspondent, Post
from tests.chaos.mail import MAIL
from tests.chaos.operators import Operators
from tests.chaos.plan import SITE
from tests.chaos.wire import Door, Refused
from tests.chaos.writers import Chatter, Shopper, Visitor, Writer

# A writer for so many messages, but neither too few for any order to be lost nor too many for this process.
_EACH, _FEWEST, _MOST = 40, 9, 120
# Seconds between looks at what came by mail.
_LOOK = 0.1


class World:
    """Everybody outside, at work."""

    def __init__(self, config: Config, book: ledger.Ledger, session: aiohttp.ClientSession) -> None:
        self._book, self._post = book, Post(config, book)
        self._door = Door(session, config.door)
        self._consumer = Consumer(config, book)
        self._operators = Operators(config, self._door, book)
        number = max(_FEWEST, min(_MOST, config.messages // _EACH))
        shares = [config.messages // number + (n < config.messages % number) for n in range(number)]
        self._writers = [_kind(config, n)(config, n, share, self._door, book) for n, share in enumerate(shares)]
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Live until the input says that this is the end."""
        runner = await self._consumer.serve()
        lives = [self._operators.follow(), self._operators.read_list(), self._read_post()]
        lives += [writer.write_all() for writer in self._writers]
        lives += [writer.read_on() for writer in self._writers if isinstance(writer, Visitor)]
        self._tasks = [asyncio.create_task(self._live(life)) for life in lives]
        with self._post:
            await self._obey()
        for task in self._tasks:
            task.cancel()
        self._operators.close()
        await runner.cleanup()

    async def _read_post(self) -> None:
        while True:
            self._hand_out()
            await asyncio.sleep(_LOOK)

    def _hand_out(self) -> None:
        for reply in self._post.fresh():
            writer = self._writers[reply.writer]
            assert isinstance(writer, Correspondent), "a mail for somebody who writes none"
            writer.take(reply)

    async def _live(self, life: Any) -> None:
        try:
            await life
        except (Refused, KeyError, TypeError, ValueError) as error:
            # An answer nobody should get, or that is not what was promised; the one who got it does no more.
            self._book.note(ledger.WRONG, f"{type(error).__name__}: {error}")

    async def _obey(self) -> None:
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        async for line in lines:
            command, *values = orjson.loads(line)
            if command == "fail":
                self._consumer.fail(*values)
            elif command == "spoil":
                self._post.spoil(*values)
            elif command == "end":
                await self._look_back()
            _say(
                {
                    "acked": sum(writer.acked for writer in self._writers),
                    "busy": self._operators.busy,
                    "feed": min(self._operators.read.values()),
                    "struck": self._consumer.struck,
                }
            )
            if command == "end":
                return

    async def _look_back(self) -> None:
        self._hand_out()
        visitors = [writer for writer in self._writers if isinstance(writer, Visitor) and writer.acked]
        await asyncio.gather(
            *(self._live(visitor.look_back()) for visitor in visitors), self._live(self._operators.look_back())
        )
        self._book.note(ledger.ANSWERS, {str(status): count for status, count in sorted(self._door.answers.items())})


def _kind(config: Config, number: int) -> type[Writer]:
    channel = config.channels[number % len(config.channels)]
    if channel != SITE:
        return Correspondent if channel == MAIL else Chatter
    return Shopper if number // len(config.channels) % 3 == 0 else Visitor


def _say(answer: dict[str, int]) -> None:
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()


async def _main(config: Config) -> None:
    connections = aiohttp.TCPConnector(limit=0)
    with ledger.Ledger(Path(config.ledger)) as book:
        async with aiohttp.ClientSession(connector=connections) as session:
            await World(config, book, session).run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Config)))
