"""The scene of a message: its clauses with their dates, what was said before it, and which tasks stand open."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache

from tasks.dates import When, find
from tasks.extract.language.clauses import Clause, clauses_of, content_of
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token
from tasks.extract.model import Change, Context, Due, Said, Span, Status, Task

# Who writes again so soon has not come to the end of what he was saying.
_PAUSE = timedelta(minutes=20)
_WEEK = timedelta(days=7)
_AGREEING = lexicon("agreeing")
# Words of an answer that is a day and no more: «среда до обеда».
_ALONE = 3
# What denies a date stands right before it.
_DENIAL = 12
DENIED = re.compile(r"\b(?:не|вместо|not|instead of)\s+$", re.IGNORECASE)
# An hour without a day, in either language.
_HOUR = re.compile(
    r"(?:\W|\b(?:в|во|к|ко|до|после|с|на|около|часов|часа|час|утра|дня|вечера|at|by|before|after|from|around|am|pm|o'clock"
    r"|half|past|\d{1,2}(?:[:.]\d\d)?(?:am|pm)?)\b)+",
    re.IGNORECASE,
)
# What somebody is told to have said, of so many words at least.
_QUOTED = re.compile(r"«[^«»]*»|„[^„“”]*[“”]|“[^“”]*”|\"[^\"]*\"")
_SAYING = 2
# Parts a date plays that can be due.
USEFUL = frozenset({"deadline", "point", "span"})


@lru_cache(maxsize=512)
def reading_of(text: str) -> tuple[Clause, ...]:
    """The clauses of a message, which are wanted again with the messages after it."""
    return tuple(clauses_of(text))


def on_its_day(task: Task, due: Due) -> Due:
    """The new time of a task: an hour that names no day is one of the day it has."""
    if due.time is None or task.due is None or not _HOUR.fullmatch(due.phrase.strip()):
        return due
    return due._replace(date=task.due.date)


@dataclass(eq=False)
class Scene:
    """A message in its dialog: its clauses, and the tasks that are still to be done, sure or not, oldest first."""

    context: Context
    message: Said
    clauses: tuple[Clause, ...] = field(init=False)
    open: Sequence[Task] = field(init=False)

    def __post_init__(self) -> None:
        self.clauses = reading_of(self.message.text)
        self.open = [task for task in self.context.tasks if not task.closed]

    # ---- what is said ----

    @cached_property
    def sentences(self) -> dict[int, list[Clause]]:
        """The clauses of each sentence, by its number."""
        found: dict[int, list[Clause]] = {}
        for clause in self.clauses:
            found.setdefault(clause.sentence, []).append(clause)
        return found

    @cached_property
    def troubled(self) -> list[Clause]:
        """The clauses that tell of something wrong."""
        return [one for one in self.clauses if one.has("lack", "problem") and not one.has("fine", "away")]

    @cached_property
    def waits(self) -> bool:
        """Whether it says that its writer waits."""
        return any(one.has("wait_for") for one in self.clauses)

    @cached_property
    def lemmas(self) -> frozenset[str]:
        """What the message is about."""
        return content_of(self.clauses)

    @cached_property
    def dates(self) -> list[When]:
        """The date phrases of the message, without those it denies: «не в понедельник, а восьмого»."""
        return [when for when in self._named if not self._is_denied(when)]

    @cached_property
    def denied(self) -> list[When]:
        """The date phrases it denies."""
        return [when for when in self._named if self._is_denied(when)]

    @cached_property
    def _named(self) -> list[When]:
        return find(self.message.text, self.message.at, self.context.calendar)

    def _is_denied(self, when: When) -> bool:
        return DENIED.search(self.message.text[max(0, when.start - _DENIAL) : when.start]) is not None

    @cached_property
    def _starts(self) -> list[int]:
        return [when.start for when in self.dates]

    @cached_property
    def _quotations(self) -> list[tuple[int, int]]:
        found = _QUOTED.finditer(self.message.text)
        return [one.span() for one in found if len(one[0].split()) >= _SAYING]

    def quotes(self, place: int) -> bool:
        """Whether what stands there is told to be somebody's own words."""
        at = bisect_right(self._quotations, (place, 0)) - 1
        return at >= 0 and place < self._quotations[at][1]

    def due_in(self, clause: Clause, *, deadline: bool = False) -> Due | None:
        """The day the clause names for its outcome; else one that the sentence names before it."""
        found = self._dues(clause, deadline=deadline)
        if not found and self.dates:
            near = [one for one in self.sentences[clause.sentence] if one.start < clause.start]
            spare = [one for one in near if not one.flags & (Flag.PAST | Flag.IMPR)]
            # «В этом году берём стариков, им бы комнату»: a year says when, and not by when.
            found = [due for one in spare for due in self._dues(one, deadline=deadline, years=False)]
        return found[0] if found else None

    def own_due(self, clause: Clause) -> Due | None:
        """The day the clause itself names for its outcome."""
        return next(iter(self._dues(clause, deadline=False)), None)

    def last_due(self, clause: Clause) -> Due | None:
        """The last day the clause names, which is the one it comes to; else one that the sentence names before it."""
        named = [when for when in self.dates_in(clause) if when.role in USEFUL and when.date >= self.message.at.date()]
        return Due(named[-1].date, named[-1].time, named[-1].phrase) if named else self.due_in(clause)

    def dates_in(self, clause: Clause) -> list[When]:
        """The date phrases of the clause."""
        if not self.dates:
            return []
        starts = self._starts
        return self.dates[bisect_left(starts, clause.start) : bisect_left(starts, clause.end)]

    def undated(self, clause: Clause) -> list[Token]:
        """The words of the clause that name no date."""
        dates = self.dates_in(clause)
        if not dates:
            return clause.words
        starts = [when.start for when in dates]
        at = [bisect_right(starts, one.start) for one in clause.words]
        return [
            one
            for one, behind in zip(clause.words, at, strict=True)
            if not behind or one.start >= dates[behind - 1].end
        ]

    def _dues(self, clause: Clause, *, deadline: bool, years: bool = True) -> list[Due]:
        named = self.dates_in(clause)
        if not named:
            return []
        roles = {"deadline"} if deadline else USEFUL
        today = self.message.at.date()
        found = [
            when for when in named
            if when.role in roles and when.date >= today and (years or when.precision != "year")
        ]  # fmt: skip
        found.sort(key=lambda when: (when.role == "span", when.role != "deadline"))
        return [Due(when.date, when.time, when.phrase) for when in found]

    def span(self, clause: Clause) -> Span:
        """The clause as words that prove something."""
        return Span(self.message.key, clause.start, clause.end, self.message.text[clause.start : clause.end])

    # ---- what was said before ----

    @cached_property
    def turn(self) -> list[Said]:
        """The writer's own messages right before this one."""
        found: list[Said] = []
        after = self.message
        for said in reversed(self.context.before):
            if said.side != self.message.side or after.at - said.at > _PAUSE:
                break
            found.append(said)
            after = said
        return found[::-1]

    @cached_property
    def turn_keys(self) -> frozenset[int]:
        """The keys of the turn's messages."""
        return frozenset(said.key for said in self.turn)

    @cached_property
    def asked_keys(self) -> frozenset[int]:
        """The writer's own messages that the other side answered with what it said right before the turn."""
        before = self.context.before[: len(self.context.before) - len(self.turn) - len(self.other)]
        keys: list[int] = []
        for said in reversed(before):
            if said.side != self.message.side:
                break
            keys.append(said.key)
        return frozenset(keys)

    @cached_property
    def other(self) -> list[Said]:
        """What the other side said right before the turn."""
        return self._run(self.context.before[: len(self.context.before) - len(self.turn)])

    @cached_property
    def other_clauses(self) -> list[Clause]:
        """The clauses the other side said right before the turn, but for what only opens a talk: «чем помочь?»."""
        return [clause for said in self.other for clause in reading_of(said.text) if not clause.has("opener")]

    @cached_property
    def other_days(self) -> list[tuple[Clause, When]]:
        """The days ahead that the other side named right before the turn, with the clauses that do."""
        found: list[tuple[Clause, When]] = []
        for said in self.other:
            named = find(said.text, said.at, self.context.calendar)
            ahead = [when for when in named if when.role in USEFUL and when.date >= self.message.at.date()]
            starts = [when.start for when in ahead]
            for clause in reading_of(said.text) if ahead else ():
                first, last = bisect_left(starts, clause.start), bisect_left(starts, clause.end)
                found += [(clause, when) for when in ahead[first:last]]
        return found

    def agrees_on(self, clause: Clause) -> Due | None:
        """The day of a clause that says yes to one and nothing else: «пятница подойдёт», "Thursday'd be lovely"."""
        if clause.asked or any(token.word.form not in _AGREEING for token in self.undated(clause)):
            return None
        days = [when for when in self.dates_in(clause) if when.role in {"point", "span"} or len(clause.words) <= _ALONE]
        return Due(days[-1].date, days[-1].time, days[-1].phrase) if days else None

    def offered(self, due: Due) -> When | None:
        """The day that the other side named, by which this one means the same: of a weekday, the one of that week."""
        days = [when for _, when in self.other_days]
        same = (when for when in days if when.date == due.date)
        return next(same, None) or next((when for when in days if when.date == due.date + _WEEK), None)

    @cached_property
    def other_lemmas(self) -> frozenset[str]:
        """What the other side spoke of right before the turn."""
        return content_of(self.other_clauses)

    @cached_property
    def heard(self) -> list[Clause]:
        """The clauses the other side said last, however long ago."""
        before = list(self.context.before)
        while before and before[-1].side == self.message.side:
            before.pop()
        return [clause for said in self._run(before) for clause in reading_of(said.text)]

    def _run(self, before: Sequence[Said]) -> list[Said]:
        """The other side's messages at the end of these."""
        found: list[Said] = []
        for said in reversed(before):
            if said.side == self.message.side:
                break
            found.append(said)
        return found[::-1]

    # ---- the tasks ----

    def late(self, task: Task) -> bool:
        """Whether the task's day has come."""
        return task.due is not None and task.due.date <= self.message.at.date()

    def close(self, task: Task, rule: str, confidence: float = 0.8, status: Status = "done") -> Change:
        """The task is done with, by this message."""
        return Change(task.key, self.message.key, rule, confidence, status)

    def redate(self, task: Task, due: Due) -> Change:
        """The task gets another day, by this message."""
        return Change(task.key, self.message.key, "redate", 0.8, due=on_its_day(task, due))

    def nudge(self, task: Task, rule: str = "nudge") -> Change:
        """The client waits for the task."""
        return Change(task.key, self.message.key, rule, 0.8, nudged=True)
