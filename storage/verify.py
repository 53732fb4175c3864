"""Verify: whether a database keeps the promises, asked of the rows themselves, also while work is in flight."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, text

from storage import bulk, tasks, triage
from storage.db import Tx, is_postgres
from storage.files import FileStore
from storage.inbox import INBOX
from storage.leases import database_now
from storage.ledger import flows
from storage.outbox import STATES
from storage.talk import ids_of
from storage.types import UtcTime

# Rows at fault that a breach names; its detail tells how many there are.
SHOWN = 20
# Seconds a call may be over before nobody having noticed counts as a breach.
GRACE = 60.0
# Raws without a message under their own key that are read again, newest first.
_READ_AGAIN = 10_000

Reader = Callable[[str, str, str, bytes], Sequence[str]]


class Breach(NamedTuple):
    """A promise that does not hold: its name, what is wrong and how often, and up to SHOWN of the rows at fault."""

    promise: str
    detail: str
    rows: list[dict[str, Any]]


class _Check(NamedTuple):
    """A query that finds the rows at fault; none are to be found."""

    promise: str
    detail: str
    sql: str


def _listed(values: Sequence[str]) -> str:
    return ", ".join(map(repr, values))


# A letter may leave late that had failed before, whose end nobody knew, or that was held after a restore.
_NOT_EXCUSED = (
    "NOT EXISTS (SELECT 1 FROM journal j WHERE j.dialog_id = {0} AND CAST(j.data ->> 'message' AS bigint) = {1} "
    "AND j.type IN ('message.sending_failed', 'message.unconfirmed', 'message.retried')) "
    "AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.type = 'outbox.held' AND j.at >= {2})"
)

_CHECKS = (
    _Check(
        "stored",
        "queued without its raw",
        "SELECT q.inbox_id FROM inbox_queue q LEFT JOIN inbox i ON i.id = q.inbox_id WHERE i.id IS NULL",
    ),
    _Check(
        "stored",
        "parked without its raw",
        "SELECT p.inbox_id FROM parked p LEFT JOIN inbox i ON i.id = p.inbox_id WHERE i.id IS NULL",
    ),
    _Check(
        "once",
        "queued and parked at the same time",
        "SELECT q.inbox_id FROM inbox_queue q JOIN parked p ON p.inbox_id = q.inbox_id",
    ),
    _Check(
        "once",
        "queued more than once",
        "SELECT inbox_id FROM inbox_queue GROUP BY inbox_id HAVING count(*) > 1",
    ),
    _Check(
        "order",
        "queued in a shard or under an address that is not its own",
        "SELECT q.inbox_id FROM inbox_queue q JOIN inbox i ON i.id = q.inbox_id "
        "WHERE q.shard <> i.shard OR q.address <> i.address",
    ),
    # An edit that came before its message stands for it, at its own place. A raw that was parked comes late.
    _Check(
        "order",
        "messages of one identity not in the order they came",
        "SELECT message, after FROM (SELECT m.id AS message, m.dialog_id, i.id AS raw, "
        "lag(i.id) OVER own AS raw_before, lag(m.id) OVER own AS after "
        "FROM messages m JOIN inbox i ON i.channel = m.channel AND i.external_id = m.external_id "
        "WHERE m.direction = 'in' AND m.edited_at IS NULL AND m.deleted_at IS NULL "
        "WINDOW own AS (PARTITION BY m.identity_id, m.dialog_id ORDER BY m.seq)) t WHERE raw_before > raw "
        "AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.type = 'inbox.replayed' "
        "AND CAST(j.data ->> 'inbox' AS bigint) = raw)",
    ),
    _Check(
        "one dialog",
        "a client with more than one dialog",
        "SELECT client_id FROM dialogs GROUP BY client_id HAVING count(*) > 1",
    ),
    _Check(
        "one episode",
        "a dialog with more than one open episode",
        "SELECT dialog_id FROM episodes WHERE status <> 'resolved' GROUP BY dialog_id HAVING count(*) > 1",
    ),
    _Check(
        "one episode",
        "a dialog whose newest episode is not the one it names",
        "SELECT d.id AS dialog_id FROM dialogs d JOIN (SELECT dialog_id, max(number) AS number FROM episodes "
        "GROUP BY dialog_id) n ON n.dialog_id = d.id LEFT JOIN episodes e ON e.id = d.episode_id "
        "AND e.dialog_id = d.id AND e.number = n.number WHERE e.id IS NULL",
    ),
    _Check(
        "owner",
        "an open episode whose owner no longer works here",
        "SELECT e.id AS episode_id, e.assignee_id FROM episodes e LEFT JOIN operators o ON o.id = e.assignee_id "
        "AND o.active WHERE e.status <> 'resolved' AND e.assignee_id IS NOT NULL AND o.id IS NULL",
    ),
    _Check(
        "dialog",
        "a dialog whose numbers do not fit its messages",
        # History that was taken in late counts neither as unread nor as the client's last word.
        "SELECT d.id AS dialog_id FROM dialogs d JOIN messages m ON m.dialog_id = d.id GROUP BY d.id "
        "HAVING d.last_seq < max(m.seq) OR d.last_seq < max(m.shown) OR d.read_seq > d.last_seq "
        "OR d.triaged_seq > d.last_seq "
        "OR d.last_in_seq > coalesce(max(CASE WHEN m.direction = 'in' THEN m.seq END), 0) OR d.unread < 0 "
        "OR d.unread > count(CASE WHEN m.direction = 'in' AND m.seq > d.read_seq THEN 1 END) "
        "OR (d.unread > 0 AND d.last_in_seq <= d.read_seq)",
    ),
    _Check(
        "dialog",
        "a dialog that names no message of its own as its last",
        "SELECT d.id AS dialog_id FROM dialogs d LEFT JOIN messages m ON m.id = d.last_message_id "
        "AND m.dialog_id = d.id WHERE m.id IS NULL AND (d.last_message_id IS NOT NULL OR d.last_seq > 0)",
    ),
    _Check(
        "whole",
        "a message without its dialog or episode",
        "SELECT m.id AS message_id FROM messages m LEFT JOIN dialogs d ON d.id = m.dialog_id "
        "LEFT JOIN episodes e ON e.id = m.episode_id AND e.dialog_id = m.dialog_id WHERE d.id IS NULL OR e.id IS NULL",
    ),
    _Check(
        "whole",
        "a client's message without his identity",
        "SELECT m.id AS message_id FROM messages m LEFT JOIN identities i ON i.id = m.identity_id "
        "WHERE m.direction = 'in' AND i.id IS NULL",
    ),
    _Check(
        "whole",
        "a file without its message",
        "SELECT a.id AS attachment_id FROM attachments a LEFT JOIN messages m ON m.id = a.message_id "
        "WHERE a.message_id IS NOT NULL AND m.id IS NULL",
    ),
    _Check(
        "whole",
        "a further key without its message",
        "SELECT a.channel, a.external_id FROM aliases a LEFT JOIN messages m ON m.id = a.message_id WHERE m.id IS NULL",
    ),
    _Check(
        "whole",
        "a letter without its message",
        "SELECT o.id AS letter_id FROM outbox o LEFT JOIN messages m ON m.id = o.message_id WHERE m.id IS NULL",
    ),
    _Check(
        "whole",
        "a reply without a letter",
        "SELECT m.id AS message_id FROM messages m WHERE m.direction = 'out' AND m.operator_id IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = m.id)",
    ),
    _Check(
        "notes",
        "a letter for what must not leave",
        "SELECT o.id AS letter_id, m.id AS message_id FROM outbox o JOIN messages m ON m.id = o.message_id "
        "WHERE m.direction <> 'out'",
    ),
    _Check(
        "letters",
        "a letter in a state that cannot be",
        f"SELECT id AS letter_id, state FROM outbox WHERE state NOT IN ({_listed(STATES)}) "
        "OR (state = 'sent' AND sent_at IS NULL) "
        "OR (state = 'sending' AND (worker IS NULL OR expires_at IS NULL OR attempts < 1))",
    ),
    _Check(
        "letters",
        "a call that is long over and was never settled",
        "SELECT id AS letter_id FROM outbox WHERE state = 'sending' AND expires_at < :late",
    ),
    _Check(
        "lanes",
        "a letter sent before an earlier one of its lane",
        "SELECT letter_id, earlier FROM (SELECT o.id AS letter_id, o.dialog_id, o.sent_at, "
        "lag(o.id) OVER lane AS earlier, lag(o.message_id) OVER lane AS message_before, "
        "lag(o.sent_at) OVER lane AS sent_before, lag(o.created_at) OVER lane AS created_before FROM outbox o "
        "WHERE o.state = 'sent' AND NOT o.maybe_twice AND o.send_at <= o.created_at "
        "WINDOW lane AS (PARTITION BY o.channel, o.dialog_id, o.recipient ORDER BY o.id)) t "
        f"WHERE sent_at < sent_before AND {_NOT_EXCUSED.format('t.dialog_id', 'message_before', 'created_before')}",
    ),
    _Check(
        "lanes",
        "a letter still waiting behind a later one of its lane that is out",
        "SELECT o.id AS letter_id FROM outbox o WHERE o.state IN ('queued', 'sending') AND o.send_at <= o.created_at "
        "AND NOT o.maybe_twice AND EXISTS (SELECT 1 FROM outbox l WHERE l.dialog_id = o.dialog_id "
        "AND l.channel = o.channel AND l.recipient = o.recipient AND l.id > o.id AND l.state = 'sent') "
        f"AND {_NOT_EXCUSED.format('o.dialog_id', 'o.message_id', 'o.created_at')}",
    ),
    _Check(
        "shown",
        "a letter that failed, or that nobody knows the end of, without its line in the journal",
        "SELECT o.id AS letter_id, o.state FROM outbox o WHERE o.state IN ('failed', 'unconfirmed') "
        "AND o.created_at >= (SELECT min(at) FROM journal) AND NOT EXISTS (SELECT 1 FROM journal j "
        "WHERE j.dialog_id = o.dialog_id AND CAST(j.data ->> 'message' AS bigint) = o.message_id AND j.type = "
        "CASE o.state WHEN 'failed' THEN 'message.sending_failed' ELSE 'message.unconfirmed' END)",
    ),
    _Check(
        "tasks",
        "a task that is found twice",
        "SELECT dedupe_key, count(*) AS tasks FROM tasks WHERE dedupe_key IS NOT NULL GROUP BY dedupe_key "
        "HAVING count(*) > 1",
    ),
    _Check(
        "tasks",
        "a task in a state that cannot be",
        f"SELECT id AS task, status FROM tasks WHERE status NOT IN ({_listed(tasks.STATUSES)}) "
        f"OR (closed_at IS NULL) <> (status IN ({_listed(tasks.STANDING)})) "
        "OR (due_at IS NULL AND due_date IS NOT NULL)",
    ),
    _Check(
        "tasks",
        "a task that is not what was told of it last",
        "SELECT t.id AS task, t.status, c.told FROM tasks t LEFT JOIN (SELECT task_id, after ->> 'status' AS told, "
        "row_number() OVER (PARTITION BY task_id ORDER BY id DESC) AS place FROM task_changes "
        "WHERE after ->> 'status' IS NOT NULL) c ON c.task_id = t.id AND c.place = 1 "
        "WHERE c.told IS NULL OR c.told <> t.status",
    ),
    _Check(
        "tasks",
        "a change that was taken back by none of its task",
        "SELECT c.id AS change, c.task_id AS task FROM task_changes c LEFT JOIN task_changes u ON u.id = c.undone_by "
        "AND u.task_id = c.task_id AND u.id > c.id WHERE c.undone_by IS NOT NULL AND u.id IS NULL",
    ),
    _Check(
        "shown",
        "a task without its line in the journal",
        "SELECT t.id AS task FROM tasks t WHERE t.created_at >= (SELECT min(at) FROM journal) AND NOT EXISTS "
        "(SELECT 1 FROM journal j WHERE j.dialog_id = t.dialog_id AND j.type = 'task.created' "
        "AND CAST(j.data ->> 'task' AS bigint) = t.id)",
    ),
    _Check(
        "owner",
        "a task that stands and whose owner no longer works here",
        "SELECT t.id AS task, t.assignee_id FROM tasks t LEFT JOIN operators o ON o.id = t.assignee_id AND o.active "
        f"WHERE t.status IN ({_listed(tasks.STANDING)}) AND t.assignee_id IS NOT NULL AND o.id IS NULL",
    ),
    _Check(
        "whole",
        "a task without its dialog",
        "SELECT t.id AS task FROM tasks t LEFT JOIN dialogs d ON d.id = t.dialog_id WHERE d.id IS NULL",
    ),
    _Check(
        "whole",
        "a message to be read for tasks that is not there",
        "SELECT q.message_id FROM triage q LEFT JOIN messages m ON m.id = q.message_id WHERE m.id IS NULL",
    ),
    _Check(
        "order",
        "a message to be read for tasks in a dialog or a shard that is not its own",
        "SELECT q.message_id FROM triage q JOIN messages m ON m.id = q.message_id "
        f"WHERE q.dialog_id <> m.dialog_id OR q.shard <> q.dialog_id % {triage.SHARDS}",
    ),
)
# A proof of a task, which may lie in a message that was edited since.
_PROOF = (
    "SELECT t.id AS task, p.value AS proof FROM tasks t CROSS JOIN {0} LEFT JOIN messages m "
    "ON m.id = CAST(p.value ->> 'message' AS bigint) AND m.dialog_id = t.dialog_id "
    "WHERE m.id IS NULL OR (m.edited_at IS NULL AND m.deleted_at IS NULL AND CASE "
    "WHEN CAST(p.value ->> 'start' AS integer) < 0 THEN true "
    "WHEN CAST(p.value ->> 'end' AS integer) <= CAST(p.value ->> 'start' AS integer) THEN true "
    "ELSE substr(m.text, CAST(p.value ->> 'start' AS integer) + 1, "
    "CAST(p.value ->> 'end' AS integer) - CAST(p.value ->> 'start' AS integer)) <> p.value ->> 'text' END)"
)


def verify(tx: Tx, read: Reader | None = None, files: FileStore | None = None) -> list[Breach]:
    """Every promise that does not hold; nothing is written.

    `tx` is one of `Database.snapshot()`, so that work in flight is not taken for a breach. `read` (channel,
    external_id, address, data) names the keys of the messages a raw holds, and may raise; with it, raws that are
    processed but have no message under their own key are read again. With `files`, the content of every message's
    files is looked for there.
    """
    _take_time(tx)
    breaches = [*_balance(tx), *_gaps(tx), *_missing_messages(tx, read), *_missing_files(tx, files)]
    late = database_now(tx) - timedelta(seconds=GRACE)
    for check in _CHECKS:
        breaches += _run(tx, check, late=late)
    return breaches + _run(tx, _proof(tx))


def _proof(tx: Tx) -> _Check:
    proofs = "LATERAL jsonb_array_elements(t.evidence) AS p(value)" if is_postgres(tx) else "json_each(t.evidence) p"
    return _Check("evidence", "a task proved by words that are not in their message", _PROOF.format(proofs))


def _take_time(tx: Tx) -> None:
    if not is_postgres(tx):
        return
    # What keeps the daemons' small statements quick would make these, which read whole tables, slow.
    for setting in ("enable_seqscan = on", "work_mem = '64MB'", "statement_timeout = '10min'"):
        tx.execute(text(f"SET LOCAL {setting}"))
    # Between two of them thousands of raws are read again, and each file is looked for.
    tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10min'"))


def _run(tx: Tx, check: _Check, **values: Any) -> list[Breach]:
    query = text(f"SELECT t.*, count(*) OVER () AS total FROM ({check.sql}) t LIMIT {SHOWN}")
    if ":late" in check.sql:
        query = query.bindparams(bindparam("late", values["late"], UtcTime))
    rows = [dict(row) for row in tx.execute(query).mappings()]
    if not rows:
        return []
    total = rows[0]["total"]
    named = [{key: value for key, value in row.items() if key != "total"} for row in rows]
    return [Breach(check.promise, f"{total} × {check.detail}", named)]


def _balance(tx: Tx) -> list[Breach]:
    """received = processed + duplicate + parked + in flight, and as many raws are kept as were new."""
    stored = tx.execute(text("SELECT channel, count(*) FROM inbox GROUP BY channel"))
    kept: dict[str, int] = {channel: number for channel, number in stored}
    off = []
    for channel, flow in flows(tx).items():
        rest = flow["received"] - sum(number for kind, number in flow.items() if kind != "received")
        if rest or flow["received"] - flow["duplicate"] != kept.get(channel, 0):
            off.append({"channel": channel, **flow, "kept": kept.get(channel, 0)})
    return [Breach("balance", f"{len(off)} × a channel whose counts do not add up", off)] if off else []


def _gaps(tx: Tx) -> list[Breach]:
    """On PostgreSQL a transaction that was rolled back leaves a gap in the journal's ids; on SQLite nothing does."""
    if is_postgres(tx):
        return []
    first, last, lines = tx.execute(text("SELECT min(id), max(id), count(*) FROM journal")).one()
    if not lines or last - first + 1 == lines:
        return []
    return [Breach("journal", f"{last - first + 1 - lines} × a line missing", [{"first": first, "last": last}])]


def _missing_messages(tx: Tx, read: Reader | None) -> list[Breach]:
    """Processed raws whose messages are nowhere: read again, for what is no message leaves none behind."""
    if read is None:
        return []
    query = text(
        "SELECT i.id FROM inbox i WHERE length(i.data) > 0 "
        "AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.channel = i.channel AND m.external_id = i.external_id) "
        "AND NOT EXISTS (SELECT 1 FROM aliases a WHERE a.channel = i.channel AND a.external_id = i.external_id) "
        "AND NOT EXISTS (SELECT 1 FROM inbox_queue q WHERE q.inbox_id = i.id) "
        "AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.inbox_id = i.id) "
        f"ORDER BY i.id DESC LIMIT {_READ_AGAIN}"
    )
    ids = list(tx.execute(query).scalars())
    raws = tx.execute(select(INBOX).where(bulk.among(tx, INBOX.c.id, ids)))
    owed = [(raw.id, raw.channel, key) for raw in raws for key in _keys(read, raw)]
    there = _known_keys(tx, owed)
    lost = [{"inbox_id": raw, "channel": channel} for raw, channel, key in owed if (channel, key) not in there]
    return [Breach("stored", f"{len(lost)} × processed without leaving its message", lost[:SHOWN])] if lost else []


def _missing_files(tx: Tx, files: FileStore | None) -> list[Breach]:
    if files is None:
        return []
    query = text(
        "SELECT sha256, min(id) FROM attachments "
        "WHERE message_id IS NOT NULL AND state = 'stored' AND sha256 <> '' GROUP BY sha256"
    )
    gone = [{"attachment_id": first} for sha256, first in tx.execute(query) if not files.path(sha256).exists()]
    return [Breach("whole", f"{len(gone)} × a content that is not in the store", gone[:SHOWN])] if gone else []


def _keys(read: Reader, raw: Any) -> Sequence[str]:
    try:
        return read(raw.channel, raw.external_id, raw.address, raw.data)
    except Exception:  # noqa: BLE001 - a raw that can no longer be read tells nothing
        return ()


def _known_keys(tx: Tx, owed: Sequence[tuple[int, str, str]]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for channel in {channel for _, channel, _ in owed}:
        wanted = {key for _, own, key in owed if own == channel}
        found |= {(channel, key) for key in ids_of(tx, channel, wanted)}
    return found
