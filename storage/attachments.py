"""Attachments: the rows that give stored contents a name, an owner and a message, and those still to be fetched."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Row, delete, func, literal_column, select, update

from storage import bulk
from storage.db import Database, Tx, is_postgres, now
from storage.files import UNKNOWN, Content, FileStore, checked_type, clean_name
from storage.leases import database_now
from storage.models import Attachment, Spool

ATTACHMENTS = Attachment.__table__  # type: ignore[attr-defined]
SPOOLS = Spool.__table__  # type: ignore[attr-defined]

STORED, PENDING, FAILED = "stored", "pending", "failed"
# Contents that are looked up at once.
_STEP = 500


class NewFile(NamedTuple):
    """A row to be. `next_at` is set for one still to be fetched from `source` by its `channel`."""

    id: str
    message_id: int | None
    position: int
    owner: str
    name: str
    type: str
    size: int
    sha256: str
    state: str
    source: str | None
    channel: str | None
    attempts: int
    next_at: datetime | None
    created_at: datetime
    key: str | None = None


class Claim(NamedTuple):
    """A message's wish for an upload: taken if `owner` left it and no message has it."""

    message_id: int
    position: int
    owner: str
    id: str


def visitor(channel: str, address: str) -> str:
    """The owner of what a client uploads."""
    return f"visitor:{channel}:{address}"


def operator(operator_id: int) -> str:
    """The owner of what an operator uploads."""
    return f"operator:{operator_id}"


def stored(owner: str, name: str, declared: str, content: Content) -> NewFile:
    """The row of a content that is in the store."""
    kind = checked_type(content.image, declared)
    return NewFile(
        _new_id(), None, 0, owner, clean_name(name), kind, content.size, content.sha256, STORED, None, None, 0, None,
        now(),
    )  # fmt: skip


def pending(owner: str, name: str, declared: str, channel: str, source: str) -> NewFile:
    """The row of a file that is still to be fetched."""
    at, kind = now(), checked_type("", declared)
    return NewFile(_new_id(), None, 0, owner, clean_name(name), kind, 0, "", PENDING, source, channel, 0, at, at)


def missing(owner: str, name: str) -> NewFile:
    """The row of a file that will never come, so that its message shows there was one."""
    return NewFile(_new_id(), None, 0, owner, clean_name(name), UNKNOWN, 0, "", FAILED, None, None, 0, None, now())


def add(tx: Tx, rows: Sequence[NewFile]) -> None:
    """Insert rows; a content they name must be in the store by now."""
    bulk.insert(tx, ATTACHMENTS, NewFile._fields, rows)


def attach(tx: Tx, claims: Sequence[Claim]) -> set[str]:
    """Give uploads to messages; gives back the ids that were taken, each by the first claim for it."""
    if not claims:
        return set()
    free = {(row.id, row.owner) for row in _locked(tx, {claim.id for claim in claims}) if row.message_id is None}
    taken: dict[str, Claim] = {}
    for claim in claims:
        if (claim.id, claim.owner) in free:
            taken.setdefault(claim.id, claim)
    rows = [(claim.id, claim.message_id, claim.position) for claim in taken.values()]
    bulk.update(tx, ATTACHMENTS, "id", ("message_id", "position"), rows)
    return set(taken)


def place(tx: Tx, file_ids: Sequence[str]) -> None:
    """Let the files of a message stand in this order."""
    bulk.update(tx, ATTACHMENTS, "id", ("position",), [(file_id, at) for at, file_id in enumerate(file_ids)])


def by_ids(tx: Tx, file_ids: Sequence[str]) -> list[Row[Any]]:
    """The rows with these ids, in the order asked for."""
    if not file_ids:
        return []
    found = {row.id: row for row in tx.execute(select(ATTACHMENTS).where(bulk.among(tx, ATTACHMENTS.c.id, file_ids)))}
    return [found[file_id] for file_id in file_ids if file_id in found]


def of_messages(tx: Tx, message_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """The files of each message, in order."""
    query = (
        select(ATTACHMENTS)
        .where(bulk.among(tx, ATTACHMENTS.c.message_id, message_ids))
        .order_by(ATTACHMENTS.c.message_id, ATTACHMENTS.c.position)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in tx.execute(query):
        found.setdefault(row.message_id, []).append(row)
    return found


def bytes_since(tx: Tx, owner: str, since: datetime) -> int:
    """How many bytes the owner left after `since`."""
    query = select(func.coalesce(func.sum(ATTACHMENTS.c.size), 0))
    total: int = tx.execute(query.where(ATTACHMENTS.c.owner == owner, ATTACHMENTS.c.created_at > since)).scalar_one()
    return int(total)


def drop_loose(tx: Tx, before: datetime) -> int:
    """Forget uploads no message took since `before`; gives back how many. `collect` deletes their contents."""
    loose = (ATTACHMENTS.c.message_id.is_(None), ATTACHMENTS.c.created_at < before)
    return tx.execute(delete(ATTACHMENTS).where(*loose)).rowcount


def take_due(tx: Tx, limit: int, seconds: float) -> list[Row[Any]]:
    """Take files to fetch for `seconds`, after which others may try; each try is counted before it is made."""
    at = database_now(tx)
    # Written out: only then can both databases see that the small index serves.
    is_pending = ATTACHMENTS.c.state == literal_column("'pending'")
    query = select(ATTACHMENTS.c.id).where(is_pending, ATTACHMENTS.c.next_at <= at)
    query = query.order_by(ATTACHMENTS.c.created_at).limit(limit)
    if is_postgres(tx):
        query = query.with_for_update(skip_locked=True)
    ids = list(tx.execute(query).scalars())
    if not ids:
        return []
    taken = (
        update(ATTACHMENTS)
        .where(bulk.among(tx, ATTACHMENTS.c.id, ids))
        .values(attempts=ATTACHMENTS.c.attempts + 1, next_at=at + timedelta(seconds=seconds))
        .returning(ATTACHMENTS)
    )
    return list(tx.execute(taken))


def hold(tx: Tx, channel: str, until: datetime) -> None:
    """No file of the channel is fetched before then."""
    is_pending = ATTACHMENTS.c.state == literal_column("'pending'")
    waiting = (is_pending, ATTACHMENTS.c.channel == channel, ATTACHMENTS.c.next_at < until)
    tx.execute(update(ATTACHMENTS).where(*waiting).values(next_at=until))


def finish(tx: Tx, taken: Row[Any], **values: Any) -> bool:
    """Write down what became of a try; False when its time was up and somebody else tries by now."""
    done = tx.execute(
        update(ATTACHMENTS)
        .where(ATTACHMENTS.c.id == taken.id, ATTACHMENTS.c.state == PENDING, ATTACHMENTS.c.attempts == taken.attempts)
        .values(**values)
    )
    return done.rowcount == 1


def collect(db: Database, store: FileStore, before: datetime) -> int:
    """Delete the contents no row names that lie untouched since `before`; gives back how many."""
    store.sweep(before)
    gone = 0
    aged = store.aged(before)
    while batch := list(islice(aged, _STEP)):
        with db.read() as tx:
            named = _named(tx, batch)
        gone += sum(store.remove(sha256, before) for sha256 in batch if sha256 not in named)
    return gone


def _locked(tx: Tx, ids: Iterable[str]) -> Sequence[Row[Any]]:
    query = select(ATTACHMENTS).where(bulk.among(tx, ATTACHMENTS.c.id, ids)).order_by(ATTACHMENTS.c.id)
    return tx.execute(query.with_for_update() if is_postgres(tx) else query).all()


def _named(tx: Tx, hashes: Iterable[str]) -> set[str]:
    hashes = list(hashes)
    found = select(ATTACHMENTS.c.sha256).where(bulk.among(tx, ATTACHMENTS.c.sha256, hashes)).distinct()
    spooled = select(SPOOLS.c.sha256).where(bulk.among(tx, SPOOLS.c.sha256, hashes)).distinct()
    return {*tx.execute(found).scalars(), *tx.execute(spooled).scalars()}


def _new_id() -> str:
    return secrets.token_urlsafe(16)
