"""What every worker process stands on: it waits for its schema, sweeps for ever, and no actor ever fails."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from pipeline import daemons, deliver, drain, queues
from pipeline.daemons import Workshop, await_schema, guarded, sweep_until, work
from pipeline.stopping import Stop
from settings import Settings
from storage import journal, leases, opinions, restore, schema
from storage.db import Database, now
from storage.files import FileStore
from storage.inbox import shard_of
from storage.restore import Watermark
from storage.tasks import TASKS
from tests.fakes.channel import Fake, raw
from tests.fakes.completions import Completions, finds
from tests.pipeline.rig import CHANNEL, Rig

PATIENCE = 20.0


def settings_of(rig: Rig, **more: Any) -> Settings:
    whole = {
        "database": {"url": rig.url}, "state_dir": str(rig.folder), "channels": {CHANNEL: rig.world.section()},
        "work": {"sweep": 0.05}, **more,
    }  # fmt: skip
    return Settings.model_validate(whole)


class Process:
    """A worker process, as a thread."""

    def __init__(self, settings: Settings, *kinds: str) -> None:
        self.stop = Stop()
        self._thread = threading.Thread(target=work, args=(settings, self.stop, kinds or ("pipeline", "deliver")))
        self._thread.start()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the worker does not stop"

    def until(self, what: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.01)


def test_a_worker_finds_its_work_without_any_bell(rig: Rig) -> None:
    rig.store_raws(raw("anna", "1"))
    with Process(settings_of(rig)) as process:
        process.until(lambda: rig.said() == ["hello"])
        letter = rig.letter("ok")
        process.until(lambda: rig.letter_row(letter).state == "sent")
    assert {row.holder for row in rig.rows(leases.LEASES)} == {""}, "a clean stop gives everything back"


def test_a_model_is_asked_by_who_takes_messages_in_and_nothing_waits_for_it(rig: Rig) -> None:
    rig.take(raw("anna", "1", "Спасибо большое!"))
    (message,) = rig.messages()
    with rig.db.begin() as tx:
        opinions.put(tx, [opinions.Wanted(message.id, message.dialog_id)])
    with Completions() as server:
        server.says = finds("Спасибо большое")
        server.faults = ["slow"]
        settings = settings_of(rig, tasks={"llm": {**server.section, "timeout": 600}})
        with Process(settings, "deliver") as process:
            first = rig.letter("ok")
            process.until(lambda: rig.letter_row(first).state == "sent")
            assert server.connections == 0
        with Process(settings) as process:
            process.until(lambda: bool(server.asked))
            rig.store_raws(raw("anna", "2"))
            letter = rig.letter("ok")
            process.until(lambda: "hello" in rig.said() and rig.letter_row(letter).state == "sent")
        with rig.db.begin() as tx:
            tx.execute(update(opinions.OPINIONS).values(next_at=now()))
        with Process(settings, "pipeline") as process:
            process.until(lambda: [row.origin for row in rig.rows(TASKS)] == ["llm"])


def test_what_clients_write_comes_before_the_model_once_it_is_read(rig: Rig) -> None:
    with Completions() as server:
        server.says = finds("Спасибо большое")
        with Process(settings_of(rig, tasks={"llm": server.section})) as process:
            rig.store_raws(raw("anna", "1", "Спасибо большое!"), raw("anna", "2", "Пришлите счёт", direction="out"))
            process.until(lambda: [row.origin for row in rig.rows(TASKS)] == ["llm"])
            process.until(lambda: not rig.rows(opinions.OPINIONS))
    assert len(server.asked) == 1


def test_as_long_as_no_model_is_named_nobody_is_asked(rig: Rig) -> None:
    rig.take(raw("anna", "1", "Спасибо большое!"))
    (message,) = rig.messages()
    with rig.db.begin() as tx:
        opinions.put(tx, [opinions.Wanted(message.id, message.dialog_id)])
    with Completions() as server:
        section = {**server.section, "url": ""}
        shop = Workshop(settings_of(rig, tasks={"llm": section}), Stop())
        hands = shop.hands()
        assert hands.opinions is None
        for _ in range(3):
            hands.sweep()
        shop.close()
        with Process(settings_of(rig, tasks={"llm": section})) as process:
            rig.store_raws(raw("anna", "2"))
            process.until(lambda: "hello" in rig.said())
        assert server.connections == 0
    assert rig.rows(opinions.OPINIONS)


@pytest.mark.parametrize(("kind", "warm"), [("pipeline", False), ("deliver", True)])
def test_who_makes_calls_is_warm_before_the_first_of_them(rig: Rig, kind: str, warm: bool) -> None:
    Fake.warmed.clear()
    with Process(settings_of(rig), kind) as process:
        process.until(lambda: bool(Fake.warmed) or not warm)
        time.sleep(0.2)
    assert Fake.warmed == ([CHANNEL] if warm else [])


@pytest.mark.parametrize(("kind", "said", "state"), [("pipeline", 1, "queued"), ("deliver", 0, "sent")])
def test_a_worker_does_the_kind_of_work_it_was_asked_for(rig: Rig, kind: str, said: int, state: str) -> None:
    rig.take(raw("anna", "0"))
    letter = rig.letter("ok")
    rig.store_raws(raw("anna", "1"))
    with Process(settings_of(rig), kind) as process:
        process.until(lambda: rig.letter_row(letter).state == state and (said == 0 or not rig.queued()))
        time.sleep(0.2)
    assert rig.letter_row(letter).state == state
    assert rig.queued() == 1 - said


def test_a_worker_starts_before_its_schema_and_waits_for_it(rig: Rig) -> None:
    with rig.db.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'old'")
    rig.store_raws(raw("anna", "1"))
    with Process(settings_of(rig)) as process:
        time.sleep(0.2)
        assert rig.queued() == 1
        with rig.db.begin() as tx:
            tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.head()}'")
        process.until(lambda: not rig.queued())


def test_a_worker_that_waits_for_its_database_can_be_stopped(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"database": {"url": "postgresql+psycopg://127.0.0.1:9/okno"}, "state_dir": str(tmp_path)}
    )
    with Process(settings):
        time.sleep(0.1)


def test_letters_of_a_restored_database_wait_from_the_start_on(rig: Rig) -> None:
    rig.take(raw("anna", "0"))
    mark = Watermark(rig.folder)
    restore.hold_after_restore(rig.db, mark)
    letter = rig.letter("ok")
    with rig.db.read() as tx:
        mark.note(restore._home(tx), journal.last_id(tx) + 5)
    rig.store_raws(raw("anna", "1"))
    with Process(settings_of(rig)) as process:
        process.until(lambda: rig.letter_row(letter).state == "held" and not rig.queued())
        time.sleep(0.2)
    assert rig.world.calls() == []


def test_a_database_set_back_under_a_running_worker_holds_its_letters(rig: Rig) -> None:
    rig.take(raw("anna", "0"))
    with Process(settings_of(rig)) as process:
        mark = Watermark(rig.folder)
        process.until((rig.folder / "watermark").exists)
        with rig.db.read() as tx:
            mark.note(restore._home(tx), journal.last_id(tx) + 100)
        process.until(lambda: rig.events("outbox.held"))


@pytest.mark.parametrize("error", [ValueError("a bug"), OperationalError("SELECT 1", {}, Exception("gone"))])
def test_an_actor_never_fails(error: Exception) -> None:
    def fail(_: object) -> None:
        raise error

    guarded(fail)(7)


def test_a_sweep_that_left_something_over_is_followed_by_the_next_at_once() -> None:
    stop, waits = Stop(), list[float]()

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 3

    stop.wait = wait  # type: ignore[method-assign]
    sweep_until(stop, 60.0, lambda: 0.0 if len(waits) == 1 else 60.0)
    assert waits[0] == 60.0
    assert waits[1] < 0.1
    assert waits[2] > 50.0


def test_sweeps_go_on_whatever_they_raise() -> None:
    stop, sweeps = Stop(), list[float]()

    def sweep() -> bool:
        sweeps.append(time.monotonic())
        if len(sweeps) == 4:
            stop.set()
        if len(sweeps) == 2:
            raise TimeoutError("no connection is free")
        return False

    sweep_until(stop, 0.01, sweep)
    assert len(sweeps) == 4
    assert sweeps[2] - sweeps[1] > 0.4, "trouble makes it slower"
    assert sweeps[3] - sweeps[2] < 0.4, "and the end of trouble quick again"


def test_a_stop_ends_the_waiting_for_a_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db, stop = Database(f"sqlite:///{tmp_path / 'empty.db'}"), Stop()
    monkeypatch.setattr(stop, "wait", lambda _: stop.set())
    assert not await_schema(db, stop)
    db.close()


def test_where_no_bell_can_be_heard_it_looks_more_often(rig: Rig) -> None:
    for url, seconds in (("", 0.2), ("redis://127.0.0.1:9/0", 1.0)):
        shop = Workshop(settings_of(rig, broker={"url": url}, work={"sweep": 1.0}), Stop())
        assert shop.sweep_seconds == seconds
        shop.close()


def test_a_full_disk_holds_up_neither_other_shards_nor_letters(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message's file does not fit any more; the first shard to be swept holds it."""
    rig.take(raw("anna", "0"))
    letter = rig.letter("ok")
    people = sorted((f"p{number}" for number in range(40)), key=lambda who: shard_of(CHANNEL, who))
    rig.store_raws(raw(people[0], "1", files=[{"name": "large.bin", "data": "x"}]), raw(people[-1], "1", "small"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileStore, "put", full)
    with Process(settings_of(rig)) as process:
        process.until(lambda: rig.letter_row(letter).state == "sent" and "small" in rig.said())
    assert rig.queued() == 1
    assert not rig.parked()


def test_what_a_visit_leaves_over_is_rung_for_again(rig: Rig, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visits are over after one batch or one letter, one bell is rung for each, and no sweep comes in time."""
    monkeypatch.setattr(drain, "_VISIT", 0.0)
    monkeypatch.setattr(deliver, "_VISIT", 0.01)
    monkeypatch.setattr(Fake, "during", lambda _: time.sleep(0.02))
    rig.store_raws(*(raw("anna", str(number)) for number in range(5)))
    settings = settings_of(rig, broker={"url": redis_url}, work={"sweep": 3600.0, "batch": 1})
    bells = queues.Bells(queues.make_broker(redis_url))
    with Process(settings) as process:
        bells.ring(queues.PIPELINE, [queues.INBOX])
        process.until(lambda: not rig.queued())
        letters = [rig.letter("ok") for _ in range(5)]
        bells.ring(queues.DELIVER, [CHANNEL])
        process.until(lambda: {rig.letter_row(letter).state for letter in letters} == {"sent"})
    bells.close()


def test_a_worker_keeps_what_customers_wrote_out_of_its_log(
    rig: Rig, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemons, "_DEAF_SWEEP", 0.05)
    rig.store_raws(raw("anna", "1", "канарейка", name="Анна Канарейкина"), raw("anna", "2", poison="raise"))
    Fake.reading = None
    with Process(settings_of(rig)) as process:
        process.until(lambda: not rig.queued())
        letter = rig.letter("rejected канарейка")
        process.until(lambda: rig.letter_row(letter).state == "failed")
    out, err = capfd.readouterr()
    logged = out + err + caplog.text
    assert "inbox.parked" in logged
    assert "анарейк" not in logged
