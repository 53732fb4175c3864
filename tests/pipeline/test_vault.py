"""Vaults: one process at a time, and what is kept survives a database that is away for a moment."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from connectors.base import Unavailable
from pipeline import vault as module
from pipeline.loop import LoopThread
from pipeline.vault import Vault
from storage import vault
from storage.db import Database
from tests.pipeline.children import crew, holding


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    made = LoopThread()
    yield made
    made.close()


async def same(value: bytes) -> bytes:
    return value


async def longer(value: bytes) -> bytes:
    await asyncio.sleep(0)
    return value + b"."


def test_changes_of_many_processes_follow_each_other(database_url: str, db: Database, loop: LoopThread) -> None:
    def change() -> None:
        own = Database(database_url)
        for _ in range(5):
            asyncio.run(Vault(own, "mail").change("s", longer))
        own.close()

    crew(3, change)
    assert loop.run(Vault(db, "mail").change("s", same), 5) == b"." * 15


def test_a_process_that_died_at_it_holds_up_nobody(database_url: str, loop: LoopThread) -> None:
    def begin() -> None:
        begun = asyncio.Event()

        async def stuck(_: bytes) -> bytes:
            begun.set()
            return await asyncio.Future()

        async def until_begun() -> None:
            changes.append(asyncio.create_task(Vault(Database(database_url), "mail").change("s", stuck)))
            await begun.wait()

        changes: list[asyncio.Task[bytes]] = []
        # The loop does not end: that would give the lease back.
        asyncio.new_event_loop().run_until_complete(until_begun())

    db = Database(database_url)
    with holding(begin) as child:
        child.kill()
        assert loop.run(Vault(db, "mail").change("s", longer), 10) == b"."
    db.close()


def test_who_holds_on_too_long_is_waited_for_no_longer(
    database_url: str, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    db = Database(database_url)

    def take() -> None:
        own = Database(database_url)
        asyncio.run(Vault(own, "mail")._lease(f"vault:mail:{module._Lock.of('mail', 's').name[:16]}"))

    with holding(take), pytest.raises(Unavailable, match="another process"):
        loop.run(Vault(db, "mail").change("s", longer), 10)
    db.close()


def test_what_is_newer_is_not_overwritten(db: Database) -> None:
    with db.begin() as tx:
        for value, before in ((b"1", None), (b"x", None), (b"2", b"1"), (b"x", b"1")):
            vault.put(tx, "mail", "n", value, before)
        assert vault.get(tx, "mail", "n") == b"2"
        assert vault.get(tx, "post", "n") is None


def test_it_is_offered_until_it_is_kept(db: Database, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    put, fails = vault.put, [OperationalError("", {}, TimeoutError())] * 2

    def failing(*given: object, **named: object) -> None:
        if fails:
            raise fails.pop()
        put(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(vault, "put", failing)
    assert loop.run(Vault(db, "mail").change("s", longer), 10) == b"."
    assert loop.run(Vault(db, "mail").change("s", same), 10) == b"."
    assert not fails


def test_what_another_hand_wrote_is_as_good_as_nothing(db: Database, loop: LoopThread) -> None:
    name = module._Lock.of("mail", "s").name
    db.write(lambda tx: vault.put(tx, "mail", name, b"short", None))
    assert loop.run(Vault(db, "mail").change("s", longer), 10) == b"."
    assert loop.run(Vault(db, "mail").change("s", same), 10) == b"."
