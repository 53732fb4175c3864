"""Access tokens: got once, kept until shortly before their end, and what is wrong is told."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from connectors.abilities import Check
from connectors.base import Denied, Unavailable
from connectors.email import oauth
from connectors.email.oauth import Tokens
from connectors.email.settings import OauthSettings
from pipeline import receive
from pipeline.checkup import examine
from pipeline.daemons import Workshop
from pipeline.loop import LoopThread
from pipeline.stopping import Stop
from pipeline.vault import Vault
from settings import Settings
from storage.db import Database
from storage.vault import VAULT
from tests.connectors.email.conftest import Account
from tests.fakes.provider import Provider
from tests.pipeline.children import crew


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def tokens(provider: Provider, vault: Vault | None = None, **section: str) -> Tokens:
    return Tokens(OauthSettings.model_validate({**provider.section, **section}), vault)


def test_a_token_is_got_once_and_again_before_its_end(
    provider: Provider, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answers = [(200, {"access_token": "one", "expires_in": "3600"}), (200, {"access_token": "two"})]
    own = tokens(provider)
    assert [loop.run(own(), 5) for _ in range(3)] == ["one"] * 3
    assert provider.asked == [{"grant_type": ["refresh_token"], "client_id": ["okno"], "refresh_token": ["r-1"]}]
    monkeypatch.setattr(oauth, "_EARLY", 4000.0)
    assert loop.run(own(), 5) == "two"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, Denied),
        (401, {"error": "invalid_client"}, Denied),
        (429, b"", Unavailable),
        (503, b"<html>", Unavailable),
        (200, b"<html>", Unavailable),
        (200, {}, Unavailable),
    ],
)
def test_a_token_that_is_not_given_is_told(
    provider: Provider, loop: LoopThread, status: int, body: Any, kind: type[Exception]
) -> None:
    provider.answers = [(status, body)]
    with pytest.raises(kind) as caught:
        loop.run(tokens(provider)(), 5)
    assert "r-1" not in str(caught.value)


def test_a_provider_that_is_away_is_told(provider: Provider, loop: LoopThread) -> None:
    own = tokens(provider)
    provider.server_close()
    with pytest.raises(Unavailable):
        loop.run(own(), 5)


def kept(db: Database) -> list[str]:
    with db.read() as tx:
        return [repr(tuple(row)) for row in tx.execute(select(VAULT))]


def asked_with(provider: Provider) -> list[str]:
    return [form["refresh_token"][0] for form in provider.asked]


@pytest.fixture
def once(provider: Provider) -> Provider:
    """A provider whose refresh tokens are good for one use."""
    provider.single_use = True
    return provider


def test_the_newest_refresh_token_is_used_without_a_vault_too(once: Provider, loop: LoopThread) -> None:
    own = tokens(once)
    assert [loop.run(own(renew=True), 5) for _ in range(3)] == ["a-1", "a-2", "a-3"]


def test_who_comes_later_goes_on_where_the_first_ended(once: Provider, loop: LoopThread, db: Database) -> None:
    first, second, third = (tokens(once, Vault(db, "mail")) for _ in range(3))
    assert loop.run(first(), 5) == "a-1"
    assert loop.run(second(), 5) == "a-1"
    assert loop.run(second(renew=True), 5) == "a-2", "refused, however good it looks"
    assert loop.run(first(renew=True), 5) == "a-2", "renewed meanwhile by another"
    assert loop.run(first(renew=True), 5) == "a-3"
    assert loop.run(third(), 5) == "a-3"
    assert asked_with(once) == ["r-1", "r-2", "r-3"]


def test_processes_that_renew_at_once_ask_one_time(once: Provider, database_url: str) -> None:
    def renew() -> None:
        own = Database(database_url)
        assert asyncio.run(tokens(once, Vault(own, "mail"))()) == "a-1"
        own.close()

    crew(4, renew)
    assert asked_with(once) == ["r-1"]


def test_another_configured_token_or_channel_begins_anew(provider: Provider, loop: LoopThread, db: Database) -> None:
    provider.answers = [(200, {"access_token": f"a-{n}", "refresh_token": f"n-{n}"}) for n in (1, 2, 3)]
    assert loop.run(tokens(provider, Vault(db, "mail"))(), 5) == "a-1"
    assert loop.run(tokens(provider, Vault(db, "mail"), refresh_token="other")(), 5) == "a-2"
    assert loop.run(tokens(provider, Vault(db, "post"))(), 5) == "a-3"
    assert asked_with(provider) == ["r-1", "other", "r-1"]


def test_access_is_to_one_scope_and_the_refresh_token_to_all(once: Provider, loop: LoopThread, db: Database) -> None:
    vault = Vault(db, "mail")
    both = [tokens(once, vault, scope=scope) for scope in ("imap", "smtp")]
    assert [loop.run(own(), 5) for own in both] == ["a-1", "a-2"]
    assert [loop.run(tokens(once, vault, scope=scope)(), 5) for scope in ("imap", "smtp")] == ["a-1", "a-2"]


def test_what_is_kept_is_not_in_the_clear(once: Provider, loop: LoopThread, db: Database) -> None:
    loop.run(tokens(once, Vault(db, "mail"))(), 5)
    rows = kept(db)
    assert len(rows) == 1
    assert not [secret for secret in ("r-1", "r-2", "a-1", "access", "refresh") if secret in rows[0]]


def test_a_token_nobody_waits_for_any_more_is_kept(once: Provider, loop: LoopThread, db: Database) -> None:
    once.gate.clear()
    own = tokens(once, Vault(db, "mail"))

    async def given_up() -> None:
        waiting = asyncio.create_task(own())
        assert await asyncio.to_thread(once.was_asked.wait, 20)
        waiting.cancel()
        await asyncio.wait([waiting])
        once.gate.set()
        await own.close()

    loop.run(given_up(), 20)
    assert loop.run(tokens(once, Vault(db, "mail"))(), 5) == "a-1"
    assert asked_with(once) == ["r-1"]


def test_a_refusal_leaves_what_is_kept(provider: Provider, loop: LoopThread, db: Database) -> None:
    gives = [(200, {"access_token": f"a-{n}", "refresh_token": f"n-{n}"}) for n in (1, 2)]
    provider.answers = [gives[0], (503, b""), gives[1]]
    own = tokens(provider, Vault(db, "mail"))
    assert loop.run(own(), 5) == "a-1"
    with pytest.raises(Unavailable):
        loop.run(own(renew=True), 5)
    assert loop.run(own(renew=True), 5) == "a-2"
    assert asked_with(provider) == ["r-1", "n-1", "n-1"]


def test_without_the_database_no_refresh_token_is_used_up(once: Provider, loop: LoopThread, blank_url: str) -> None:
    db = Database(blank_url)
    with pytest.raises(Unavailable, match="the database"):
        loop.run(tokens(once, Vault(db, "mail"))(), 5)
    db.close()
    assert once.asked == []


def test_every_process_that_logs_in_shares_what_is_kept(
    provider: Provider, account: Account, db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = account.server.token(account.user)
    provider.answers = [(200, {"access_token": good, "refresh_token": "n-1"})]
    imap = {**account.section["imap"], "oauth": provider.section}
    url = db.url.render_as_string(hide_password=False)
    settings = Settings.model_validate(
        {
            "database": {"url": url},
            "state_dir": str(tmp_path),
            "channels": {"mail": {**account.section, "imap": imap}},
        }
    )
    stop = Stop(3600.0)
    reading = Thread(target=receive.run, args=(settings, stop, ["mail"]))
    reading.start()
    deadline = time.monotonic() + 30
    while not kept(db):
        assert time.monotonic() < deadline, "the reader keeps nothing"
        time.sleep(0.02)
    stop.set()
    reading.join(30)
    shop = Workshop(settings, Stop(3600.0))
    mail = shop.channels["mail"]
    assert isinstance(mail, Check)
    shop.loop.run(mail.check(), 20)
    shop.close()
    found = {each.what: each for each in examine(settings)}["channel mail"]
    assert found.ok, found
    assert len(provider.asked) == 1
    said = "".join(capfd.readouterr()) + repr(found)
    assert not [secret for secret in ("r-1", "n-1", good) if secret in said]
