"""Leases: the right to do a thing alone, in database time, with a token that outdated holders fail on."""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.db import Tx, cursor, is_postgres, now
from storage.models import Lease

LEASES = Lease.__table__  # type: ignore[attr-defined]


_LET_GO = """
UPDATE leases l SET holder = '', claims = NULL FROM unnest(%b::text[], %b::bigint[]) x(name, token)
WHERE l.name = x.name AND l.token = x.token AND l.holder = %b
"""


class Lost(Exception):
    """Somebody else holds the lease by now: nothing of this transaction may stay."""


class Held(NamedTuple):
    """A lease in our hands; `claims` is what its dead holder had under work, empty after a clean hand-over."""

    name: str
    token: int
    claims: tuple[int, ...] = ()


@cache
def me() -> str:
    """This process: host, process-id space, pid and its start time, so that a reused pid is no mistaken identity."""
    pid = os.getpid()
    return f"{_here()}/{pid}/{_started(pid)}"


def is_dead(holder: str) -> bool:
    """Whether the process named so surely lives no more; of other hosts nobody can tell."""
    here, _, rest = holder.rpartition("/")[0].rpartition("/")
    pid, started = rest, holder.rpartition("/")[2]
    return here == _here() and pid.isdigit() and _started(int(pid)) != started


def database_now(tx: Tx) -> datetime:
    """The one clock all holders share."""
    if is_postgres(tx):
        return tx.execute(text("SELECT clock_timestamp()")).scalar_one()  # type: ignore[no-any-return]
    return now()


def take(tx: Tx, name: str, seconds: float) -> Held | None:
    """Take the lease if it is free, ours, run out, or its holder is dead on this host; else None.

    Taking it from another hand raises the token: from then on the former holder's commits fail.
    """
    at = database_now(tx)
    own = LEASES.c.name == name
    row = tx.execute(select(LEASES).where(own).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        # Skipped is not missing: to insert what somebody is just changing would wait for him, and deadlock with others.
        skipped = tx.execute(select(LEASES.c.name).where(own)).first()
        return None if skipped else _create(tx, name, at, seconds)
    ours = row.holder == me()
    if not (ours or row.holder == "" or row.expires_at <= at or is_dead(row.holder)):
        return None
    token = row.token if ours else row.token + 1
    tx.execute(
        update(LEASES)
        .where(LEASES.c.name == name)
        .values(holder=me(), token=token, expires_at=at + timedelta(seconds=seconds))
    )
    # What we left under work ourselves, when the database went away, killed nobody.
    return Held(name, token, () if ours else tuple(row.claims or ()))


def is_held(tx: Tx, name: str) -> bool:
    """Whether somebody has it now."""
    now_held = (LEASES.c.name == name, LEASES.c.holder != "", LEASES.c.expires_at > database_now(tx))
    return tx.execute(select(LEASES.c.name).where(*now_held)).first() is not None


def hold(tx: Tx, held: Held) -> None:
    """Make sure the lease is still ours, and keep it ours until this transaction ends; raises Lost."""
    query = select(LEASES.c.token, LEASES.c.holder).where(LEASES.c.name == held.name).with_for_update()
    row = tx.execute(query).one_or_none()
    if row is None or row.token != held.token or row.holder != me():
        raise Lost(held.name)


def renew(tx: Tx, held: Held, seconds: float, claims: list[int] | None = None) -> None:
    """Hold it for `seconds` more and write down what is under work; raises Lost."""
    done = tx.execute(
        update(LEASES)
        .where(LEASES.c.name == held.name, LEASES.c.token == held.token, LEASES.c.holder == me())
        .values(expires_at=_in(tx, seconds), claims=claims)
    )
    if done.rowcount != 1:
        raise Lost(held.name)


def let_go(tx: Tx, held: Sequence[Held]) -> None:
    """Let go of these, with nothing under work; raises Lost if one is no longer ours.

    Nobody gets them before this transaction ends, so it is also what makes sure that it may write.
    """
    if is_postgres(tx):
        names, tokens = [one.name for one in held], [one.token for one in held]
        done = cursor(tx).execute(_LET_GO, (names, tokens, me())).rowcount
    else:
        sql = "UPDATE leases SET holder = '', claims = NULL WHERE name = ? AND token = ? AND holder = ?"
        done = cursor(tx).executemany(sql, [(one.name, one.token, me()) for one in held]).rowcount
    if done != len(held):
        raise Lost(", ".join(one.name for one in held))


def give_back(tx: Tx, held: Held) -> None:
    """Let go, with nothing under work; nothing happens if it is no longer ours."""
    tx.execute(
        update(LEASES)
        .where(LEASES.c.name == held.name, LEASES.c.token == held.token, LEASES.c.holder == me())
        .values(holder="", claims=None)
    )


def _in(tx: Tx, seconds: float) -> Any:
    """The database's time so many seconds from now, without asking for it first."""
    if is_postgres(tx):
        return func.clock_timestamp() + timedelta(seconds=seconds)
    return now() + timedelta(seconds=seconds)


def _create(tx: Tx, name: str, at: datetime, seconds: float) -> Held | None:
    insert = (postgresql if is_postgres(tx) else sqlite).insert(LEASES)
    made = tx.execute(
        insert.values(name=name, holder=me(), token=1, expires_at=at + timedelta(seconds=seconds))
        .on_conflict_do_nothing()
        .returning(LEASES.c.name)
    ).one_or_none()
    return Held(name, 1) if made else None


@cache
def _here() -> str:
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        space = 0
    return f"{socket.gethostname()}/{_boot()}/{space}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "-"


def _started(pid: int) -> str:
    """Clock ticks since boot at which the process began; empty when there is none, or it is dead but not yet buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
