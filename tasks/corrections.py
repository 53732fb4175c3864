"""Corrections: what operators made of machines' tasks, as labelled examples.

Nothing is kept for them: they are read off the tasks, their changes and the messages they were found in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, exists, select

from storage import bulk, tasks
from storage.db import Database, Tx
from storage.talk import MESSAGES
from storage.tasks import CHANGES, DONE, OPEN, REJECTED, TASKS
from tasks.board import RESOLVED
from tasks.undo import in_force

# Tasks that are read at once.
_STEP = 500
VERDICTS = ("accepted", "edited", "rejected")
_MACHINES = ("rule", "llm")
# What a machine reads out of a message, and an operator may put right.
_READ = ("kind", "promised_by", "title", "due", "due_time", "due_phrase", "priority")
# Without the words, which no operator writes, and which go when he moves the day.
_JUDGED = tuple(name for name in _READ if name != "due_phrase")


def examples(db: Database) -> Iterator[dict[str, Any]]:
    """The examples, in the order of their tasks.

    Each is {task, dialog, text, evidence {start, end} or null, origin, rules, extractor, confidence, proposed: its
    fields as the machine had them, verdict: accepted, edited or rejected, final: the fields now, with the status, at}.
    What was taken back is none, and nothing of messages that are gone.
    """
    after = 0
    while True:
        with db.read() as tx:
            rows = _judged(tx, after)
            histories = _histories(tx, [row.id for row in rows])
        for row in rows:
            if (example := _example(row, histories.get(row.id, []))) is not None:
                yield example
        if len(rows) < _STEP:
            return
        after = rows[-1].id


def _judged(tx: Tx, after: int) -> Sequence[Row[Any]]:
    """The next tasks of machines that an operator did something with, each with the text it was found in."""
    by_hand = exists().where(CHANGES.c.task_id == TASKS.c.id, CHANGES.c.actor.startswith("operator:"))
    query = (
        select(TASKS, MESSAGES.c.text)
        .join(MESSAGES, MESSAGES.c.id == TASKS.c.source_message_id)
        .where(TASKS.c.id > after, TASKS.c.origin.in_(_MACHINES), MESSAGES.c.deleted_at.is_(None), by_hand)
    )
    return tx.execute(query.order_by(TASKS.c.id).limit(_STEP)).all()


def _histories(tx: Tx, numbers: Sequence[int]) -> dict[int, list[Row[Any]]]:
    query = select(CHANGES).where(bulk.among(tx, CHANGES.c.task_id, numbers)).order_by(CHANGES.c.id)
    found: dict[int, list[Row[Any]]] = {}
    for row in tx.execute(query):
        found.setdefault(row.task_id, []).append(row)
    return found


def _example(row: Row[Any], history: Sequence[Row[Any]]) -> dict[str, Any] | None:
    # What was said of the whole dialog was said of none of its tasks.
    said = [one for one in in_force(history) if one.actor.startswith("operator:") and one.reason != RESOLVED]
    final = tasks.fields(row, _READ)
    # The first of them met the field as a machine had left it.
    proposed = final | {name: one.before[name] for one in reversed(said) for name in _READ if name in one.before}
    verdict = _verdict(row.status, proposed, final, said)
    if verdict is None:
        return None
    return {
        "task": row.id,
        "dialog": row.dialog_id,
        "text": row.text,
        "evidence": _place(row),
        "origin": row.origin,
        "rules": row.rules,
        "extractor": row.extractor,
        "confidence": row.confidence,
        "proposed": proposed,
        "verdict": verdict,
        "final": {**final, "status": row.status},
        "at": said[-1].at,
    }


def _verdict(
    status: str, proposed: Mapping[str, Any], final: Mapping[str, Any], said: Sequence[Row[Any]]
) -> str | None:
    moves = [one.after["status"] for one in said if "status" in one.after]
    if status == REJECTED and REJECTED in moves:
        return "rejected"
    if any(proposed[name] != final[name] for name in _JUDGED):
        return "edited"
    # Who cancels says that it is not wanted any more, not whether it was a task.
    return "accepted" if {OPEN, DONE} & set(moves) else None


def _place(row: Row[Any]) -> dict[str, int] | None:
    """Where the words that prove it stand; None if the message was edited since and says something else there."""
    for proof in row.evidence:
        start, end = proof["start"], proof["end"]
        if proof["message"] == row.source_message_id and row.text[start:end] == proof["text"]:
            return {"start": start, "end": end}
    return None
