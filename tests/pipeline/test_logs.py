"""What the daemons log: whose work each line is of, whoever says it, and nothing of what customers write."""

import asyncio
import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

import log
from connectors.base import Letter
from pipeline import daemons, receive
from pipeline.stopping import Stop
from settings import Settings
from storage.inbox import INBOX
from tests.fakes.channel import Fake, World, raw
from tests.pipeline.children import Child
from tests.pipeline.rig import CHANNEL, Rig, Sending

PATIENCE = 20.0


def logged(rig: Rig, work: Callable[[Rig], object]) -> str:
    """What a process that does this logs."""
    path = rig.folder / "log"

    def run() -> None:
        sys.stderr = path.open("w", buffering=1)
        log.configure("info", "json")
        work(rig.again())

    status = Child(run).wait()
    assert status == 0, path.read_text()
    return path.read_text()


def vendor_s(said: str) -> list[dict[str, Any]]:
    """The lines of the library the connector stands on."""
    lines = [json.loads(line) for line in said.splitlines()]
    return [line for line in lines if line["logger"] == "vendor"]


def vendor_says(*_: object) -> None:
    logging.getLogger("vendor").info("a word")


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def read_until(rig: Rig, channels: Sequence[str], done: Callable[[], object]) -> None:
    """Run the receivers of these channels until then."""
    stop, readers = Stop(), receive.readable(rig.channels)
    reading = receive.receive(
        receive.Into(rig.db, rig.store, lambda: None), {name: readers[name] for name in channels}, stop
    )
    thread = threading.Thread(target=asyncio.run, args=(reading,))
    thread.start()
    try:
        until(done)
    finally:
        stop.set()
        thread.join(PATIENCE)


def test_a_line_from_inside_a_call_names_letter_dialog_and_channel(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("bert", "1"))
    letters = {rig.letter("ok", who) for who in ("anna", "bert", "anna")}

    def work(own: Rig) -> None:
        Fake.during = vendor_says
        sending = Sending(own)
        sending.settle()
        with ThreadPoolExecutor(1) as pool:
            sending.deliver._pools[CHANNEL], before = pool, sending.deliver._pools[CHANNEL]
            rig.letter("ok", "anna")
            sending.settle()
            assert pool.submit(get_contextvars).result() == {}, "what it did last is forgotten"
            sending.deliver._pools[CHANNEL] = before
        sending.close()

    lines = vendor_s(logged(rig, work))
    dialogs = {letter: rig.letter_row(letter).dialog_id for letter in letters}
    assert {line["letter"] for line in lines} > letters
    assert all(line["dialog"] == dialogs.get(line["letter"], line["dialog"]) for line in lines)
    assert {line["channel"] for line in lines} == {CHANNEL}


def test_a_line_from_the_reading_of_a_raw_names_it(rig: Rig) -> None:
    rig.store_raws(raw("anna", "1"), raw("bert", "1"))

    def work(own: Rig) -> None:
        Fake.reading = vendor_says
        own.settle()
        vendor_says()

    *read, after = (line.get("inbox") for line in vendor_s(logged(rig, work)))
    assert read == [row.id for row in rig.rows(INBOX)]
    assert after is None


def test_a_line_from_a_reader_names_its_channel(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = World.lines

    def look(world: World) -> list[dict[str, Any]]:
        vendor_says()
        return lines(world)

    monkeypatch.setattr(World, "lines", look)
    rig.world.offer(raw("anna", "1"))
    said = logged(rig, lambda own: read_until(own, (CHANNEL, "mail"), lambda: len(own.rows(INBOX)) == 2))
    assert {line["channel"] for line in vendor_s(said)} == {CHANNEL, "mail"}


# ---- nothing of what customers write ----

TOKEN = "okno_" + "aB3-" * 10
ADDRESS = "anna.canary@example.org"
TEXT = f"Канарейка {TOKEN}"
NAME = "Анна Канарейкина"
SECRETS = ["анарейк", "anna.canary", TOKEN]
LETTERS = {"ok": "sent", "unavailable gone ok": "sent", "raise": "sent", "rejected": "failed", "blocked": "failed"}


def exchange(rig: Rig) -> None:
    """Everything that can become of a raw and of a letter, in receivers and workers as they are."""
    raised = threading.Event()

    def fail(what: object) -> None:
        if isinstance(what, Letter):
            raised.set()
        raise ValueError(f"{NAME} <{ADDRESS}>: {TEXT}")

    Fake.reading = lambda told: fail(told) if told.get("kind") == "odd" else None
    Fake.during = lambda letter: fail(letter) if letter.text.startswith("raise") and not raised.is_set() else None
    whole = {
        "database": {"url": rig.url}, "state_dir": str(rig.folder), "channels": {CHANNEL: rig.world.section()},
        "work": {"sweep": 0.05},
    }  # fmt: skip
    stop = Stop()
    worker = threading.Thread(target=daemons.work, args=(Settings.model_validate(whole), stop, ()))
    worker.start()
    try:
        read_until(rig, (CHANNEL,), lambda: rig.rows(INBOX) and not rig.queued())
        letters = {rig.letter(f"{says} {TEXT}", ADDRESS): state for says, state in LETTERS.items()}
        until(lambda: all(rig.letter_row(letter).state == state for letter, state in letters.items()))
        denied = rig.letter(f"denied {TEXT}", ADDRESS)
        until(lambda: rig.letter_row(denied).attempts == 1 and rig.events("channel.stopped"))
    finally:
        stop.set()
        worker.join(PATIENCE)


def test_a_whole_exchange_leaves_no_words_addresses_or_tokens_in_the_log(rig: Rig) -> None:
    proofs = [["email", ADDRESS]]
    told = [
        raw(ADDRESS, "1", TEXT, name=NAME, proofs=proofs, files=[{"name": f"{NAME}.txt", "data": TEXT}]),
        raw(ADDRESS, "2", TEXT, poison="raise"), raw(ADDRESS, "3", TEXT, kind="odd"), raw(ADDRESS, "1", TEXT),
        raw(ADDRESS, "4", TEXT, kind="edit", id=f"{ADDRESS}:1"), raw(ADDRESS, "5", kind="deletion", id="none"),
        raw(ADDRESS, "6", kind="reaction", id=f"{ADDRESS}:1", emoji="👍"),
    ]  # fmt: skip
    rig.world.offer(*told)
    said = logged(rig, exchange)
    events = {json.loads(line)["event"] for line in said.splitlines()}
    assert events >= {"inbox.parked", "letter.sent", "letter.queued", "letter.failed", "channel.stopped"}
    for secret in SECRETS:
        assert secret not in said
