"""How well tasks are extracted from labelled conversations, counted as docs/tasks.md says."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tasks.dates import Calendar
from tasks.extract.files import lines_of

LABELLED = Path(__file__).parent / "labelled"
# Kept aside: nothing is tuned on these; they are looked at once, when the rules are done.
ASIDE = LABELLED / "aside.jsonl"
SURE = 0.5

Task = dict[str, Any]


class Pair(NamedTuple):
    """A labelled task and the extracted one that stands for it."""

    wanted: Task
    found: Task


class Score(NamedTuple):
    """The figures, each from 0 to 1; `false_per_quiet` is tasks found for each conversation that has none."""

    f1: float
    recall: float
    exact_f1: float
    due: float
    closed: float
    false_per_quiet: float
    title: float


def score(paths: Iterable[Path], calendar: Calendar, least: float = SURE) -> Score:
    """Extract and compare; what is less sure than `least` counts as not extracted."""
    counts: Counter[str] = Counter()
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        found = map(json.loads, lines_of(lines, calendar, sure=False, step=lambda: None))
        for wanted, one in zip(map(json.loads, lines), found, strict=True):
            counts += _compared(wanted, [task for task in one["tasks"] if task["confidence"] >= least])
    hits, missed, false = counts["hit"], counts["missed"], counts["false"]
    exact = counts["exact"]
    return Score(
        _f1(hits, missed, false),
        hits / (hits + missed),
        _f1(exact, missed + hits - exact, false + hits - exact),
        counts["dated right"] / counts["dated"],
        counts["closed right"] / counts["closed"],
        counts["quiet false"] / counts["quiet"],
        counts["title"] / hits,
    )


def _f1(hits: int, missed: int, false: int) -> float:
    return 2 * hits / (2 * hits + missed + false)


def _compared(conversation: dict[str, Any], found: Sequence[Task]) -> "Counter[str]":
    wanted = conversation["tasks"]
    pairs = _matched(wanted, found)
    needed = [pair for pair in pairs if not pair.wanted.get("optional")]
    counts = Counter(hit=len(needed), false=len(found) - len(pairs))
    must = [task for task in wanted if not task.get("optional")]
    counts["missed"] = len(must) - len(needed)
    for pair in needed:
        day, state = _day(pair.wanted) == _day(pair.found), pair.wanted["status"] == pair.found["status"]
        counts["exact"] += day and state and pair.wanted["kind"] == pair.found["kind"]
        counts["title"] += all(_in_title(word, pair.found["title"]) for word in pair.wanted["summary_keywords"])
        if pair.wanted["due"]:
            counts.update({"dated": 1, "dated right": day})
        if pair.wanted["status"] != "open":
            counts.update({"closed": 1, "closed right": state})
    if not must:
        counts.update({"quiet": 1, "quiet false": len(found) - len(pairs)})
    return counts


def _matched(wanted: Sequence[Task], found: Sequence[Task]) -> list[Pair]:
    """Each task found stands for one labelled of the same source at most; the best pairs first."""
    fits = [
        (_likeness(one, other), -i, -j)
        for (i, one), (j, other) in product(enumerate(wanted), enumerate(found))
        if other["source_message"] in {one["source_message"], *one.get("alt_sources", ())}
    ]
    used: set[tuple[str, int]] = set()
    pairs: list[Pair] = []
    for _, i, j in sorted(fits, reverse=True):
        if not used & {("wanted", i), ("found", j)}:
            used |= {("wanted", i), ("found", j)}
            pairs.append(Pair(wanted[-i], found[-j]))
    return pairs


def _likeness(one: Task, other: Task) -> tuple[bool, float]:
    words = one["summary_keywords"]
    titled = sum(_in_title(word, other["title"]) for word in words) / len(words)
    same = (one["kind"] == other["kind"], _day(one) == _day(other), one["status"] == other["status"])
    return not one.get("optional"), 10 * titled + 4 * same[0] + 2 * same[1] + same[2]


def _in_title(keyword: str, title: str) -> bool:
    """Whether a word of the title begins as one of the alternatives does, so far that it is of the same root."""
    words = re.findall(r"\w+(?:-\w+)*", title.lower().replace("ё", "е"))
    stems = [word.lower().replace("ё", "е") for word in keyword.split("|")]
    roots = tuple(stem if len(stem) <= 4 else stem[: max(3, round(0.55 * len(stem)))] for stem in stems)
    return any(word.startswith(roots) for word in words)


def _day(task: Task) -> str | None:
    return task["due"][:10] if task["due"] else None


if __name__ == "__main__":
    for name in sys.argv[1:]:
        for tier, least in (("sure", SURE), ("all", 0.0)):
            figures = score([Path(name)], Calendar(), least)._asdict()
            print(f"{Path(name).stem} {tier}:", *(f"{figure} {value:.3f}" for figure, value in figures.items()))
