"""Hearing: messages are looked up with what they are understood from, and read for tasks, dialog by dialog."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from pipeline.reading import reason_of
from storage import said as talk
from storage import tasks, triage
from storage.db import Tx
from storage.said import Heard, Stretch
from storage.triage import Waiting
from tasks.again import Changed, Known, reread
from tasks.calendar import Calendar
from tasks.extract.conversation import WINDOW
from tasks.extract.learned import Model
from tasks.extract.model import Said, Side
from tasks.sheet import Made, Moved, Sheet, items_of

# Characters of a message that those after it are understood from.
_UNDERSTOOD = 4000

# By dialog the messages of it that are to be read, in order: new ones, or a single one that is read again.
Parts = Mapping[int, Sequence[Waiting]]


class Material(NamedTuple):
    """By dialog what was said and which tasks there are, and by task its changes where they are needed."""

    said: Mapping[int, Sequence[Heard]]
    tasks: Mapping[int, Sequence[Row[Any]]]
    histories: Mapping[int, Sequence[Row[Any]]]


class Ear(NamedTuple):
    """What hears: the calendar, what was learned, what says that it is enough, and whom it lets by meanwhile."""

    calendar: Calendar
    model: Model | None
    enough: Callable[[], bool]
    let_by: Callable[[], object]


@dataclass
class Page:
    """What came of reading a dialog's part: its effects, which messages are done with, and one nobody could read.

    `heard` are those of the done ones that a client wrote and that may still make tasks.
    """

    dialog_id: int
    rows: Sequence[Waiting]
    done: list[Waiting] = field(default_factory=list)
    heard: list[Waiting] = field(default_factory=list)
    effects: list[Made | Moved] = field(default_factory=list)
    fault: tuple[Waiting, str] | None = None

    @property
    def read(self) -> int:
        """The arrival number it has come to."""
        return max((row.seq for row in self.done), default=0)


def look_up(tx: Tx, parts: Parts, at: datetime) -> Material:
    """What the messages are understood from."""
    stretches = [
        Stretch(dialog_id, rows[0].seq, rows[-1].seq)
        for dialog_id, each in parts.items()
        if (rows := [row for row in each if not _is_known(row)])
    ]
    if not stretches:
        return Material({}, {}, {})
    said = talk.said(tx, stretches, WINDOW)
    found = tasks.of_dialogs(tx, [one.dialog_id for one in stretches], at)
    changed = [row.id for dialog_id, rows in found.items() if parts[dialog_id][0].kind != "new" for row in rows]
    return Material(said, found, triage.histories(tx, changed) if changed else {})


def hear(parts: Parts, material: Material, ear: Ear) -> list[Page]:
    """Read the messages; what was not come to in time is not done."""
    pages = []
    for dialog_id, rows in parts.items():
        page = Page(dialog_id, rows)
        _Reader(page, material, ear).read()
        pages.append(page)
    return pages


class _Reader:
    """Reads one dialog's part."""

    def __init__(self, page: Page, material: Material, ear: Ear) -> None:
        self._page, self._material, self._ear = page, material, ear
        self._heard = material.said.get(page.dialog_id, ())
        self._places = {one.id: at for at, one in enumerate(self._heard)}
        self._said = [self._spoken(one) for one in self._heard]
        # That a reply did not arrive is nothing people talk about.
        self._tasks = [row for row in material.tasks.get(page.dialog_id, ()) if row.origin != "delivery"]

    def read(self) -> None:
        sheet = Sheet(self._page.dialog_id, items_of(self._tasks), self._ear.calendar, self._ear.model)
        for row in self._page.rows:
            if row is not self._page.rows[0] and self._ear.enough():
                break
            self._ear.let_by()
            try:
                self._read(row, sheet)
            except Exception as error:  # noqa: BLE001 - whatever it is about, the other dialogs go on
                self._page.fault = row, reason_of(error)
                break
            self._page.done.append(row)
        self._page.effects += sheet.effects

    def _read(self, row: Waiting, sheet: Sheet) -> None:
        if _is_known(row):
            return
        place = self._places.get(row.message_id)
        if row.kind != "new":
            self._page.effects += self._reread(row, place)
        elif place is not None:
            sheet.hear(self._before(place), self._said[place], self._heard[place].sent_at)
        if place is not None and self._said[place].side == "client" and not row.old:
            self._page.heard.append(row)

    def _reread(self, row: Waiting, place: int | None) -> list[Made | Moved]:
        known = [Known(task, self._material.histories[task.id]) for task in self._tasks]
        if place is None:
            message = Changed(row.message_id, (), None, None, opens=False)
        else:
            sent_at = self._heard[place].sent_at
            message = Changed(row.message_id, self._before(place), self._said[place], sent_at, opens=not row.old)
        return reread(self._page.dialog_id, known, message, self._ear.calendar, self._ear.model)

    def _before(self, place: int) -> list[Said]:
        said = self._said[max(0, place - WINDOW) : place]
        return [one if len(one.text) <= _UNDERSTOOD else one._replace(text=one.text[:_UNDERSTOOD]) for one in said]

    def _spoken(self, one: Heard) -> Said:
        side: Side = "client" if one.direction == "in" else "operator"
        return Said(one.id, side, self._ear.calendar.local(one.sent_at), one.text)


def _is_known(row: Waiting) -> bool:
    """Whether there is nothing to read: it is there no more, or it is no news."""
    return row.seq == 0 or (row.kind == "new" and row.seq <= row.read)
