"""One visitor who writes thousands of messages at once: into the inbox, and the bells rung, as the web process does.

A helper process: `python -m tests.bench.flood URL BROKER NUMBER COUNT`; BROKER may be empty.
"""

import sys
from typing import Any, cast

import settings as config
from connectors.abilities import Chat
from connectors.base import Batch
from connectors.registry import Channels
from pipeline import queues
from pipeline.intake import store
from storage.db import Database
from tests.bench import helper, load
from tests.bench.house import CHANNEL

_STEP = 500


def _main() -> None:
    url, broker, number, count = sys.argv[1:]
    db = Database(url)
    made = queues.make_broker(broker or None)
    queues.declare(made, lambda _name: None, lambda _channel: None)
    bells = queues.Bells(made)
    chat = cast(Chat, Channels(config.load({}).channels)[CHANNEL])
    writer = load.visitor(int(number))
    pool = load.texts(100)
    raws = [load.raw(chat, writer, f"flood{n}", pool[n % len(pool)]) for n in range(int(count))]

    def work() -> dict[str, Any]:
        for at in range(0, len(raws), _STEP):
            store(db, CHANNEL, Batch(raws[at : at + _STEP]))
            bells.ring(queues.PIPELINE, [queues.INBOX])
        return {"messages": len(raws)}

    helper.serve(work)
    bells.close()


if __name__ == "__main__":
    _main()
