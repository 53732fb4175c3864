"""Two readers of one account: one reads, and whoever falls silent is replaced within twenty seconds."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage import ledger
from storage.db import Database
from tests.fakes.telegram import Telegram
from tests.fakes.vk import FakeVk
from tests.walks.household import Household, household, until

ANNA = 5
TAKEOVER = 20.0
# Each messenger and each database in one of them.
ON_BOTH = pytest.mark.parametrize(
    ("account", "database_url"), [("telegram", "sqlite"), ("vk", "postgresql")], indirect=True
)


class Account:
    """A messenger's server: what the settings say of it, what Anna writes there, whether somebody reads it."""

    def __init__(self, server: Telegram | FakeVk, asks: str, **section: str) -> None:
        self._server, self._asks = server, asks
        self._section = {**section, "token": server.token, "api_base": server.url}

    def settings(self, channel: str) -> dict[str, str]:
        """For the environment of who reads it."""
        return {f"OKNO_CHANNELS__{channel}__{key.upper()}": value for key, value in self._section.items()}

    def says(self, text: str) -> None:
        """Anna writes."""
        self._server.says(ANNA, text)

    def asked(self) -> int:
        """How often readers have asked for news."""
        return self._server.requests[self._asks]


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    if request.param == "vk":
        with FakeVk() as vk:
            yield Account(vk, "a_check", kind="vk", group_id=str(vk.group_id))
        return
    with Telegram() as telegram:
        yield Account(telegram, "getUpdates", kind="telegram")


@contextmanager
def readers(folder: Path, account: Account, db: Database) -> Iterator[tuple[Household, Household]]:
    """Two processes `receive` on one database: the first one reads, the second one stands by."""
    settings = {**account.settings("SHOP"), "OKNO_DATABASE__URL": db.url.render_as_string(hide_password=False)}
    for name in ("one", "two"):
        (folder / name).mkdir()
    with household(folder / "one", "receive", **settings) as one, Telegram() as other:
        # Without a cursor VK's reader begins now: what is said before is no concern of ours.
        until(account.asked)
        account.says("first")
        until(lambda: flow(db)["received"] == 1)
        # An account that it alone reads shows that it is up: how fast it begins is not the question.
        spare = Account(other, "getUpdates", kind="telegram")
        with household(folder / "two", "receive", **settings, **spare.settings("SPARE")) as two:
            until(spare.asked)
            yield one, two


def flow(db: Database) -> Mapping[str, int]:
    """What came in, and what of it twice."""
    with db.snapshot() as tx:
        return ledger.flows(tx).get("shop", {"received": 0, "duplicate": 0})


def takes(what: Callable[[], bool]) -> float:
    """The seconds until it is so."""
    began = time.monotonic()
    until(what)
    return time.monotonic() - began


@ON_BOTH
def test_a_frozen_reader_is_replaced_and_writes_nothing_when_it_wakes(
    tmp_path: Path, account: Account, db: Database
) -> None:
    with readers(tmp_path, account, db) as (one, _two):
        one.kill(signal.SIGSTOP)
        account.says("while it is frozen")
        assert takes(lambda: flow(db)["received"] == 2) <= TAKEOVER
        # It wakes with the same news in its hands.
        one.kill(signal.SIGCONT)
        until(lambda: "receive.taken_over" in one.log.read_text())
        for number in range(5):
            account.says(f"later {number}")
        until(lambda: flow(db)["received"] - flow(db)["duplicate"] == 7)
        assert flow(db)["duplicate"] == 0, "had it written, that would have been offered twice"


@ON_BOTH
def test_a_killed_reader_is_replaced_at_once(tmp_path: Path, account: Account, db: Database) -> None:
    with readers(tmp_path, account, db) as (one, _two):
        one.kill()
        one.process.wait()
        account.says("after its death")
        assert takes(lambda: flow(db)["received"] == 2) <= TAKEOVER
