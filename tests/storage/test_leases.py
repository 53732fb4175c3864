"""Leases: one holder at a time, in the database's time, and an outdated one can do no harm."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from storage import leases
from storage.db import Database, Tx, now
from storage.leases import LEASES, Held, Lost
from tests.pipeline.children import Child, crew, holding

NAME, LONG = "shard:7", 1000.0
ELSEWHERE = "other-host/0b00b1e5/4026531836/4711/12345"


def take(db: Database, seconds: float = LONG) -> Held | None:
    with db.begin() as tx:
        return leases.take(tx, NAME, seconds)


def taken(db: Database) -> Held:
    held = take(db)
    assert held is not None
    return held


def move(db: Database, **values: object) -> None:
    """Change the lease past its rules."""
    with db.begin() as tx:
        tx.execute(update(LEASES).where(LEASES.c.name == NAME).values(**values))


@contextmanager
def somebody_else(db: Database, **values: object) -> Iterator[Held]:
    """The lease in the hands of a process of another host, as far as anybody here can tell."""
    held = taken(db)
    move(db, holder=ELSEWHERE, **values)
    yield held


def test_a_free_lease_is_taken(db: Database) -> None:
    assert take(db) == Held(NAME, 1)
    with db.read() as tx:
        row = tx.execute(select(LEASES)).one()
    assert row.holder == leases.me()
    assert row.expires_at > now() + timedelta(seconds=LONG / 2)


def test_who_has_it_has_it_still_and_keeps_his_token(db: Database) -> None:
    held = taken(db)
    with db.begin() as tx:
        leases.renew(tx, held, LONG, [3, 4])
    # What he has under work himself is no dead man's.
    assert take(db) == Held(NAME, held.token, ())


def test_a_lease_that_runs_is_not_taken_from_another_host(db: Database) -> None:
    with somebody_else(db):
        assert take(db) is None


def test_one_that_has_run_out_is_taken_with_what_was_under_work(db: Database) -> None:
    with somebody_else(db, expires_at=now() - timedelta(seconds=1), claims=[1, 2, 3]) as held:
        assert take(db) == Held(NAME, held.token + 1, (1, 2, 3))


def test_one_given_back_is_free_at_once_and_clean(db: Database) -> None:
    held = taken(db)
    with db.begin() as tx:
        leases.renew(tx, held, LONG, [1])
        leases.give_back(tx, held)
    assert take(db) == Held(NAME, held.token + 1, ())


def test_a_transaction_that_fails_has_taken_nothing(db: Database) -> None:
    def work(tx: Tx) -> None:
        leases.take(tx, NAME, LONG)
        raise KeyError

    with pytest.raises(KeyError):
        db.write(work)
    with db.read() as tx:
        assert tx.execute(select(LEASES)).all() == []


def test_an_outdated_holder_fails_in_every_way(db: Database) -> None:
    with somebody_else(db, expires_at=now() - timedelta(seconds=1)) as old:
        new = taken(db)
    with pytest.raises(Lost), db.begin() as tx:
        leases.hold(tx, old)
    with pytest.raises(Lost), db.begin() as tx:
        leases.renew(tx, old, LONG)
    with db.begin() as tx:
        leases.give_back(tx, old)
        leases.hold(tx, new)
    assert take(db) == new


def test_who_let_go_cannot_hold(db: Database) -> None:
    held = taken(db)
    with db.begin() as tx:
        leases.give_back(tx, held)
    with pytest.raises(Lost), db.begin() as tx:
        leases.hold(tx, held)


def test_a_lease_nobody_ever_took_cannot_be_held(db: Database) -> None:
    with pytest.raises(Lost), db.begin() as tx:
        leases.hold(tx, Held("no such", 1))


def test_the_database_decides_what_time_it_is(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.is_sqlite:
        pytest.skip("one machine has one clock")
    held = taken(db)
    for hours in (-5, 5):
        wrong = now() + timedelta(hours=hours)
        monkeypatch.setattr(leases, "now", lambda wrong=wrong: wrong)
        with db.begin() as tx:
            leases.renew(tx, held, LONG)
        move(db, holder=ELSEWHERE)
        assert take(db) is None
        move(db, holder=leases.me())


def test_the_dead_on_this_host_are_succeeded_at_once(db: Database) -> None:
    def work() -> None:
        own = Database(db.url.render_as_string(hide_password=False))
        with own.begin() as tx:
            held = leases.take(tx, NAME, LONG)
            assert held is not None
            leases.renew(tx, held, LONG, [42])

    with holding(work) as child:
        assert take(db) is None
        child.kill()
        assert take(db) == Held(NAME, 2, (42,))


def test_the_dead_are_known_before_they_are_buried(db: Database) -> None:
    def die() -> None:
        raise SystemExit

    child = Child(die)
    while leases._started(child.pid):
        pass
    assert leases.is_dead(f"{leases._here()}/{child.pid}/123")
    child.wait()


@pytest.mark.parametrize(
    ("holder", "dead"),
    [
        ("{here}/{pid}/{start}", False),
        ("{here}/{pid}/1", True),
        ("{here}/4194999/1", True),
        ("{here}/nonsense/1", False),
        (ELSEWHERE, False),
        ("", False),
        ("old-style", False),
    ],
)
def test_only_who_is_surely_dead_counts_as_dead(holder: str, dead: bool) -> None:
    here, pid, start = leases.me().rsplit("/", 2)
    assert leases.is_dead(holder.format(here=here, pid=pid, start=start)) is dead


def test_the_same_pid_after_a_reboot_or_in_another_container_is_somebody_else() -> None:
    host, boot, space, pid, _start = leases.me().split("/")
    assert not leases.is_dead(f"{host}/ffffffff/{space}/{pid}/1")
    assert not leases.is_dead(f"{host}/{boot}/1/{pid}/1")


def test_of_many_processes_one_gets_it(db: Database, tmp_path: Path) -> None:
    url, rounds, runners = db.url.render_as_string(hide_password=False), 20, 3
    results = tmp_path / "results"
    results.mkdir()

    def race() -> None:
        own = Database(url)
        won = [own.write(partial(leases.take, name=f"race:{n}", seconds=LONG)) is not None for n in range(rounds)]
        (results / str(os.getpid())).write_text("".join("01"[each] for each in won))
        # The dead are succeeded at once, so whoever is through lives on until all are.
        while len(list(results.iterdir())) < runners:
            time.sleep(0.01)

    crew(runners, race)
    told = [path.read_text() for path in results.iterdir()]
    assert [sum(int(each[number]) for each in told) for number in range(rounds)] == [1] * rounds


def test_a_holder_at_work_keeps_it_until_his_commit(db: Database) -> None:
    held = taken(db)
    began, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def work() -> None:
        with db.begin() as tx:
            leases.hold(tx, held)
            leases.renew(tx, held, LONG)
            began.set()
            order.append("committed" if go_on.wait(10) else "others wait for us")

    def outdo() -> None:
        with db.begin() as tx:
            tx.execute(update(LEASES).where(LEASES.c.name == NAME).values(token=held.token + 1))
        order.append("taken")

    threads = [threading.Thread(target=work)]
    threads[0].start()
    assert began.wait(10)
    if not db.is_sqlite:
        # Whoever only asks is not kept waiting.
        assert take(db) is None
    threads.append(threading.Thread(target=outdo))
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert order == ["committed", "taken"]
    with pytest.raises(Lost), db.begin() as tx:
        leases.hold(tx, held)
