"""Again: a message that was edited or taken back is read once more, and what it had done is put right. Pure.

It is read on the tasks as they were before it: without those that it made itself or that were made later, and without
what it and later messages changed, but with all that operators decided. What comes of it is carried over to the tasks
as they are now, field by field: whatever a later message or an operator has set stays. A find takes the place of the
task that the same find had made, which so keeps its number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from storage import tasks
from storage.tasks import CANCELLED, STANDING, NewTask
from tasks.calendar import Calendar
from tasks.extract import linker
from tasks.extract.learned import Model
from tasks.extract.model import SURE, New, Said
from tasks.sheet import (
    READERS,
    Item,
    Made,
    Moved,
    Sheet,
    columns_of,
    key_of,
    task_of,
    with_columns,
    without_reasons,
)

# How much two finds of a kind must share to be the same one in other words.
_SAME = 0.3
# What a find says of its task, beside the words that prove it.
_SAID = ("title", "status", "confidence", "promised_by", "due", "due_time", "due_phrase", "priority")

Effect = Made | Moved


class Known(NamedTuple):
    """A task as it is kept, and all its changes, the oldest first."""

    row: Row[Any]
    history: Sequence[Row[Any]]

    @property
    def maker(self) -> int | None:
        """The message it was found in."""
        first = self.history[0]
        return first.message_id if _by_reading(first) else None


class Changed(NamedTuple):
    """A message that is read again: `said` is None if nothing is left of it, `opens` whether it may make tasks."""

    id: int
    before: Sequence[Said]
    said: Said | None
    sent_at: datetime | None
    opens: bool

    @property
    def reason(self) -> str:
        """What is told of the changes it makes now."""
        return "deleted" if self.said is None else "edited"


def reread(
    dialog_id: int, known: Sequence[Known], message: Changed, calendar: Calendar, model: Model | None = None
) -> list[Effect]:
    """What changes with the message; `known` are the tasks of its dialog, the oldest first."""
    then = {one.row.id: _before(one, message.id, calendar) for one in known if (one.maker or 0) < message.id}
    items = {number: Item(task_of(number, each), each) for number, each in then.items()}
    sheet = Sheet(dialog_id, items, calendar, model)
    found: list[tuple[New, NewTask]] = []
    if message.said is not None and message.sent_at is not None:
        alike = Counter[str]()
        for change in sheet.found(message.before, message.said):
            if isinstance(change, New):
                made = columns_of(dialog_id, change, key_of(dialog_id, change, alike), calendar)
                found.append((change, made))
            else:
                sheet.move(change, message.sent_at)
    others = [_carried_over(one, sheet, message) for one in known if one.row.id in then]
    own = [one for one in known if one.maker == message.id]
    return [*(one for one in others if one is not None), *_placed(own, found, message)]


# ---- tasks it made ----


def _placed(own: Sequence[Known], found: Sequence[tuple[New, NewTask]], message: Changed) -> list[Effect]:
    """The finds in the places of the tasks they had made; what is left of either is new, or gone."""
    left = list(own)
    effects: list[Effect] = []
    for number, (new, made) in enumerate(found, 1):
        same = _same(left, new, made)
        if same is not None:
            left.remove(same)
            moved = _moved(same, message, tasks.fields(made, _SAID), made.evidence)
            effects += [one._replace(found_by=made.rules) for one in moved]
        elif message.opens:
            effects.append(Made(-number, made))
    return effects + [one for each in left for one in _gone(each, message)]


def _same(own: Sequence[Known], new: New, made: NewTask) -> Known | None:
    """The task that the find had made: in the same words, else in words that are much like them."""
    for one in own:
        if one.row.dedupe_key == made.dedupe_key:
            return one
    lemmas = linker.about(new)
    shares = [(linker.overlap(task_of(one.row.id, one.row), lemmas), one) for one in own if one.row.kind == made.kind]
    share, best = max(shares, key=lambda each: each[0], default=(0.0, None))
    return best if share >= _SAME else None


def _gone(one: Known, message: Changed) -> list[Moved]:
    """Nothing in the message says so any more."""
    row = one.row
    if row.source_message_id != message.id:
        # A later message of the same turn says so by now.
        return _moved(one, message, {}, ())
    if row.status not in STANDING:
        return []
    if not row.owned:
        return _moved(one, message, {"status": CANCELLED})
    # Somebody has taken it up: whether it still is to be done is for him to say.
    told = {"status": CANCELLED, "message": message.id, "reason": message.reason, "confidence": SURE}
    return _moved(one, message, {"suggestion": told})


# ---- tasks it did not make ----


def _carried_over(one: Known, sheet: Sheet, message: Changed) -> Moved | None:
    """What it had changed in the task and what it changes now, as far as these are not the same."""
    row, then = one.row, sheet.items[one.row.id].columns
    before = [each.after for each in one.history if each.message_id == message.id and _by_reading(each)]
    now = [each.after for each in sheet.effects if isinstance(each, Moved) and each.number == row.id]
    names = {name for after in (*before, *now) for name in after} - {"evidence"}
    # A later message of the turn may say it by now.
    source = then.source_message_id if (row.source_message_id or 0) <= message.id else row.source_message_id
    moved = _moved(one, message, tasks.fields(then, names), then.evidence, source)
    return moved[0] if moved else None


# ---- both ----


def _moved(
    one: Known,
    message: Changed,
    wanted: Mapping[str, Any],
    proof: Sequence[Mapping[str, Any]] | None = None,
    source: int | None = None,
) -> list[Moved]:
    """The task with these fields, unless somebody set them later, and of this proof the message's own words."""
    row = one.row
    is_now = tasks.fields(row)
    # The status too is then one that this message or those before it gave: any other may take its place.
    kept = {*row.owned, *_set_later(one, message.id, is_now)}
    after = {name: value for name, value in wanted.items() if name not in kept and value != is_now[name]}
    if (suggestion := after.get("suggestion")) is not None and _is_decided(one.history, suggestion):
        del after["suggestion"]
    moved = source if source not in {None, row.source_message_id} else None
    if proof is not None and "evidence" not in row.owned:
        evidence = _proved(row.evidence, message.id, proof)
        after |= {"evidence": evidence} if evidence != row.evidence else {}
    return [Moved(row.id, row, after, message.id, message.reason, (), moved)] if after else []


def _proved(
    evidence: Sequence[Mapping[str, Any]], message_id: int, proof: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The words that prove a task, with the message's own as this proof has them, before the same others as there."""
    own = [at for at, one in enumerate(proof) if one["message"] == message_id]
    words = [proof[at] for at in own]
    if words == [one for one in evidence if one["message"] == message_id]:
        return list(evidence)
    others = [one for one in evidence if one["message"] != message_id]
    earlier = [at for at, one in enumerate(others, 1) if one["message"] < message_id]
    at = max(earlier, default=0)
    if own and (behind := proof[own[-1] + 1 :]) and behind[0] in others:
        at = others.index(behind[0])
    return [*others[:at], *words, *others[at:]]


def _before(one: Known, message_id: int, calendar: Calendar) -> NewTask:
    """The task as it was before the message, but for what was decided since."""
    columns = tasks.columns(_rolled_back(one.history, message_id))
    if "evidence" not in one.row.owned:
        # Span by span: those of earlier messages may have changed since.
        columns["evidence"] = [span for span in one.row.evidence if span["message"] < message_id]
    if (one.row.source_message_id or 0) >= message_id and columns.get("evidence"):
        # The words that say it come first.
        columns["source_message_id"] = columns["evidence"][0]["message"]
    return with_columns(one.row, columns, calendar)


def _rolled_back(history: Sequence[Row[Any]], message_id: int) -> dict[str, Any]:
    """The fields that this message and later ones have set, with the values they had before."""
    told: dict[str, Any] = {}
    decided: set[str] = set()
    for one in reversed(history[1:]):
        if _by_reading(one) and one.message_id >= message_id:
            told |= {name: value for name, value in one.before.items() if name not in decided}
        else:
            decided |= set(one.after)
    return told


def _set_later(one: Known, message_id: int, is_now: Mapping[str, Any]) -> set[str]:
    """The fields that later messages have given the values they have."""
    before = _rolled_back(one.history, message_id + 1)
    return {name for name, value in before.items() if value != is_now[name]}


def _is_decided(history: Sequence[Row[Any]], suggestion: Mapping[str, Any]) -> bool:
    """Whether an operator has decided against just that: he waved it away, or put something else in its place."""
    named = without_reasons(suggestion) or {}
    by_hand = [one for one in history[1:] if one.actor.startswith("operator:")]
    waved = any(without_reasons(one.before.get("suggestion")) == named for one in by_hand)
    return waved or any(named.items() <= one.before.items() for one in by_hand)


def _by_reading(change: Row[Any]) -> bool:
    """Whether a message was read so; others are people's decisions, and what became of a reply."""
    return change.actor in READERS and change.message_id is not None
