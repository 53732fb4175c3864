"""The counts behind `status`: per channel and by state, with the age of what waits."""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import event, update

from storage import claims, inbox, ledger, outbox
from storage.db import Database, Tx, now

ARRIVALS = [inbox.Arrival("shop", f"anna:{n}", "anna", b"{}") for n in range(3)]


def queued(tx: Tx) -> list[inbox.Claim]:
    """Every queued raw of the address."""
    shard = inbox.shard_of("shop", "anna")
    return claims.claim(tx, {shard: ""}, 100).rows


def letter(**changed: Any) -> outbox.NewLetter:
    """A letter that is due."""
    new = outbox.NewLetter(1_000_000_001, 1, 0, "shop", "anna", "send", {"text": "hi"}, now())
    return new._replace(**changed)


def test_an_empty_database_has_nothing_to_tell(db: Database) -> None:
    with db.snapshot() as tx:
        nothing = {"messages": 0, "oldest_seconds": 0.0}
        assert ledger.status(tx) == {"channels": {}, "outbox": {}, "to_read": nothing}


def test_every_raw_is_counted_once_wherever_it_stands(db: Database) -> None:
    with db.begin() as tx:
        inbox.put(tx, ARRIVALS)
        inbox.put(tx, [*ARRIVALS[:1], inbox.Arrival("mail", "INBOX:1:7", "bert", b"")])
        first, second, _ = queued(tx)
        inbox.done(tx, [first])
        inbox.park(tx, second, "cannot be read")
    with db.snapshot() as tx:
        flows = ledger.flows(tx)
    assert flows == {
        "shop": {"received": 4, "processed": 1, "duplicate": 1, "parked": 1, "in_flight": 1},
        "mail": {"received": 1, "processed": 0, "duplicate": 0, "parked": 0, "in_flight": 1},
    }


def test_counts_agree_while_others_write_between_the_statements(db: Database) -> None:
    with db.begin() as tx:
        inbox.put(tx, ARRIVALS * 2)

    def write(*_: object) -> None:
        with db.begin() as other:
            inbox.put(other, [inbox.Arrival("shop", f"anna:{len(statements) + 10}", "anna", b"{}")])
            inbox.done(other, queued(other)[:1])
        statements.append(1)

    statements: list[int] = []
    with db.snapshot() as tx:
        event.listen(tx, "after_cursor_execute", write)
        flow = ledger.status(tx)["channels"]["shop"]
    assert len(statements) > 3
    assert flow["received"] == flow["processed"] + flow["duplicate"] + flow["parked"] + flow["in_flight"]


def test_a_replay_takes_back_what_was_counted(db: Database) -> None:
    with db.begin() as tx:
        inbox.put(tx, ARRIVALS)
        inbox.done(tx, queued(tx))
        inbox.count(tx, inbox.PROCESSED, Counter(shop=-1))
    with db.snapshot() as tx:
        assert ledger.flows(tx)["shop"]["processed"] == 2


def test_the_oldest_queued_raw_is_the_lag(db: Database) -> None:
    with db.begin() as tx:
        inbox.put(tx, ARRIVALS)
        tx.execute(update(inbox.INBOX).values(received_at=now() - timedelta(seconds=90)))
        inbox.put(tx, [inbox.Arrival("shop", "bert:1", "bert", b"{}")])
    with db.snapshot() as tx:
        assert 90 <= ledger.status(tx)["channels"]["shop"]["lag_seconds"] < 120


def test_letters_stand_by_state_and_only_due_ones_grow_old(db: Database) -> None:
    with db.begin() as tx:
        outbox.put(tx, [letter(), letter(send_at=now() + timedelta(days=1)), letter(dialog_id=2)])
        tx.execute(update(outbox.OUTBOX).where(outbox.OUTBOX.c.dialog_id == 2).values(state=outbox.SENT))
    with db.snapshot() as tx:
        shop = ledger.status(tx)["outbox"]["shop"]
    assert shop["states"] == {"queued": 2, "sent": 1}
    assert shop["oldest_seconds"] < 60


def test_a_clock_that_runs_ahead_makes_no_negative_ages(db: Database) -> None:
    with db.begin() as tx:
        inbox.put(tx, ARRIVALS)
        tx.execute(update(inbox.INBOX).values(received_at=now() + timedelta(seconds=5)))
    with db.snapshot() as tx:
        assert ledger.status(tx)["channels"]["shop"]["lag_seconds"] == 0
