"""Dialogs, episodes and messages: the rows that stitching and the operators' desk both write."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, select, update
from sqlalchemy.exc import IntegrityError

from storage import bulk, operators
from storage.db import Tx, is_postgres
from storage.models import Alias, Dialog, Episode, Message

DIALOGS = Dialog.__table__  # type: ignore[attr-defined]
EPISODES = Episode.__table__  # type: ignore[attr-defined]
MESSAGES = Message.__table__  # type: ignore[attr-defined]
ALIASES = Alias.__table__  # type: ignore[attr-defined]

OPEN, RESOLVED = "open", "resolved"
# Message ids begin above any arrival number, so that one can never be taken for the other.
_FIRST_MESSAGE_ID = 1_000_000_001


class NewMessage(NamedTuple):
    """A row for the table of messages, `id` from `message_ids`; `data` is JSON text or None."""

    id: int
    dialog_id: int
    seq: int
    episode_id: int
    direction: str
    text: str
    sent_at: datetime
    channel: str | None = None
    external_id: str | None = None
    identity_id: int | None = None
    operator_id: int | None = None
    html: str | None = None
    reply_to: int | None = None
    source_key: str = ""
    data: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


def lock(tx: Tx, dialog_ids: Iterable[int]) -> dict[int, Row[Any]]:
    """The dialogs by id, locked until the transaction ends; in id order, so that two batches never deadlock."""
    rows = tx.execute(_locked(is_postgres(tx), with_episodes=False), {"ids": bulk.packed(tx, dialog_ids)})
    return {row.id: row for row in rows}


def lock_with_episodes(tx: Tx, dialog_ids: Iterable[int]) -> Sequence[Row[Any]]:
    """Like `lock`, each row with `number`, `status` and `resolved_at` of the newest episode; None without one."""
    return tx.execute(_locked(is_postgres(tx), with_episodes=True), {"ids": bulk.packed(tx, dialog_ids)}).all()


@cache
def _locked(postgres: bool, *, with_episodes: bool) -> Select[Any]:
    query: Select[Any] = select(DIALOGS)
    if with_episodes:
        query = query.add_columns(EPISODES.c.number, EPISODES.c.status, EPISODES.c.resolved_at)
        query = query.outerjoin(EPISODES, EPISODES.c.id == DIALOGS.c.episode_id)
    query = query.where(bulk.one_of(DIALOGS.c.id, "ids", postgres=postgres)).order_by(DIALOGS.c.id)
    # Not FOR UPDATE: foreign keys that point to a dialog need not wait for us.
    return query.with_for_update(key_share=True, of=DIALOGS) if postgres else query


def message_ids(tx: Tx, count: int) -> Sequence[int]:
    """Fresh message ids, known before the rows are written."""
    return bulk.reserve_ids(tx, "messages_id_seq", _FIRST_MESSAGE_ID, MESSAGES, count)


def episode_ids(tx: Tx, count: int) -> Sequence[int]:
    """Fresh episode ids."""
    return bulk.reserve_ids(tx, "episodes_id_seq", 1, EPISODES, count)


def ids_of(tx: Tx, channel: str, external_ids: Iterable[str]) -> dict[str, int]:
    """Ids of the channel's messages by any key the source gave them."""
    wanted = set(external_ids)
    query = select(MESSAGES.c.external_id, MESSAGES.c.id).where(
        MESSAGES.c.channel == channel, bulk.among(tx, MESSAGES.c.external_id, wanted)
    )
    found: dict[str, int] = {key: message_id for key, message_id in tx.execute(query)}
    missing = wanted - found.keys()
    return found | _aliased(tx, channel, missing) if missing else found


def reopen(tx: Tx, episode_ids: Sequence[int]) -> None:
    """Open resolved episodes again; their owner keeps them if he can still be given work."""
    if not episode_ids:
        return
    these = bulk.among(tx, EPISODES.c.id, episode_ids)
    tx.execute(update(EPISODES).where(these, EPISODES.c.status == RESOLVED).values(status=OPEN, resolved_at=None))
    gone = select(operators.OPERATORS.c.id).where(~operators.works())
    tx.execute(update(EPISODES).where(these, EPISODES.c.assignee_id.in_(gone)).values(assignee_id=None))


def known(tx: Tx, channel: str, external_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Messages of the channel by any key the source gave them."""
    ids = ids_of(tx, channel, external_ids)
    rows = {row.id: row for row in tx.execute(select(MESSAGES).where(bulk.among(tx, MESSAGES.c.id, ids.values())))}
    return {key: rows[message_id] for key, message_id in ids.items()}


def episodes(tx: Tx, episode_ids: Iterable[int]) -> dict[int, Row[Any]]:
    """Episodes by id."""
    rows = tx.execute(_episodes(is_postgres(tx)), {"ids": bulk.packed(tx, episode_ids)})
    return {row.id: row for row in rows}


@cache
def _episodes(postgres: bool) -> Select[Any]:
    return select(EPISODES).where(bulk.one_of(EPISODES.c.id, "ids", postgres=postgres))


def name_message(tx: Tx, message_id: int, channel: str, keys: Sequence[str]) -> None:
    """Keep the keys the channel gave to a message, so that what is said of it later finds it.

    A key that another message has stays with that one: our own words may have come back to us before.
    """
    if not keys:
        return
    unnamed = update(MESSAGES).where(MESSAGES.c.id == message_id, MESSAGES.c.external_id.is_(None))
    with suppress(IntegrityError), tx.begin_nested():
        if tx.execute(unnamed.values(external_id=keys[0])).rowcount:
            keys = keys[1:]
    if keys:
        known = ids_of(tx, channel, keys)
        add_aliases(tx, {(channel, key): message_id for key in keys if key not in known})


def add_aliases(tx: Tx, keys: Mapping[tuple[str, str], int]) -> None:
    """Keep further keys of messages: by (channel, key) the message's id."""
    rows = [(*key, message_id) for key, message_id in keys.items()]
    bulk.insert_new(tx, ALIASES, ("channel", "external_id", "message_id"), rows, ("message_id",))


def _aliased(tx: Tx, channel: str, keys: Iterable[str]) -> dict[str, int]:
    """Which message each of these further keys belongs to."""
    query = select(ALIASES.c.external_id, ALIASES.c.message_id).where(
        ALIASES.c.channel == channel, bulk.among(tx, ALIASES.c.external_id, keys)
    )
    return {key: message_id for key, message_id in tx.execute(query)}
