"""Training: a model out of operators' corrections, and whether it judges better than the rules do.

The one module that needs the extra `learn`.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedGroupKFold  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from tasks.extract.learned import SIZE, Candidate, Model, bounded, by_rules, features
from tasks.extract.model import SURE, Kind

# Fewer corrections say nothing; and both verdicts must come from so many dialogs that each part has some.
NEEDED, NEEDED_DIALOGS = 200, 10
_FOLDS = 5
# Standard errors a gain must be larger than: beyond one, chance comes often enough to be believed.
_ERRORS = 2
_SEED = 0


class Place(msgspec.Struct):
    """Where the words stand, in code points of the text."""

    start: int
    end: int


class Proposed(msgspec.Struct):
    """Of the fields as the machine had them, those a model looks at."""

    kind: Kind
    promised_by: str | None
    due: str | None
    priority: str


class Example(msgspec.Struct):
    """A correction, as far as it is learned from; what else `corrections.examples` tells is passed over."""

    task: int
    dialog: int
    text: str
    evidence: Place | None
    origin: str
    rules: tuple[str, ...]
    confidence: float
    proposed: Proposed
    verdict: Literal["accepted", "edited", "rejected"]
    at: Annotated[datetime, msgspec.Meta(tz=True)]


class Case(NamedTuple):
    """A candidate, and whether it was a task: an edited one was."""

    dialog: int
    candidate: Candidate
    kept: bool


@dataclass(frozen=True)
class Gain:
    """What a figure is without the model and with it, how much the model betters it, and the error of that."""

    plain: float
    model: float
    gain: float
    error: float

    @property
    def holds(self) -> bool:
        """Whether it is more than chance makes."""
        return self.gain > _ERRORS * self.error


@dataclass(frozen=True)
class Figures:
    """What the model was worth on dialogs it had not seen: log loss, and F1 of the tasks it calls sure.

    `share` is log loss too, beside that of saying of each task how often tasks are kept: who only learns that rules
    boast has learned nothing of tasks.
    """

    loss: Gain
    share: Gain
    f1: Gain

    @property
    def weak(self) -> list[str]:
        """What speaks against the model."""
        named = {"log loss": self.loss, "log loss beyond the mere share of kept tasks": self.share, "F1": self.f1}
        return [name for name, gain in named.items() if not gain.holds]


@dataclass(frozen=True)
class Lesson:
    """What was learned: how many examples there were and of which verdicts, figures, and a model that may be used.

    Without a model `why_not` says why.
    """

    examples: int
    dialogs: int
    verdicts: Mapping[str, int]
    figures: Figures | None = None
    model: Model | None = None
    why_not: str = ""


# What is summed up over the candidates of a dialog.
Sums = tuple[float, ...]


def learn(given: Iterable[Example]) -> Lesson:
    """Train and compare; the same of the same examples, in whatever order they come.

    Takes seconds for thousands. Raises ValueError naming the task whose example contradicts itself.
    """
    examples = _usable(given)
    cases = [_case(one) for one in examples]
    lesson = Lesson(len(cases), len({case.dialog for case in cases}), Counter(one.verdict for one in examples))
    if why_not := _too_few(cases):
        return replace(lesson, why_not=why_not)
    # One thread: the numbers are small, and sums by several differ with how many there are.
    with threadpool_limits(1):
        figures = _compared(cases, _unseen(cases))
        model = _trained(cases)
    if figures.weak:
        why_not = f"no gain beyond twice its error in {', '.join(figures.weak)}"
        return replace(lesson, figures=figures, why_not=why_not)
    return replace(lesson, figures=figures, model=model)


# ---- examples ----


def _usable(given: Iterable[Example]) -> list[Example]:
    """What rules found and words still prove, in order of the tasks; of a task the last that is told."""
    last = {(one.dialog, one.task): one for one in sorted(given, key=lambda one: one.at)}
    # What a language model found comes with a confidence of its own, and is not re-ranked.
    return [one for _, one in sorted(last.items()) if one.origin != "llm" and one.evidence is not None]


def _case(one: Example) -> Case:
    assert one.evidence is not None
    try:
        rules, confidence = by_rules(one.rules, one.confidence)
    except ValueError as error:
        raise ValueError(f"task {one.task}: {error}") from None
    operators, high = one.proposed.promised_by == "operator", one.proposed.priority == "high"
    words = one.text[one.evidence.start : one.evidence.end]
    candidate = Candidate(
        one.proposed.kind, operators, rules, confidence, one.proposed.due is not None, high, words
    )  # fmt: skip
    return Case(one.dialog, candidate, one.verdict != "rejected")


def _too_few(cases: Sequence[Case]) -> str:
    if len(cases) < NEEDED:
        return f"{NEEDED} corrections are needed"
    for kept, name in ((True, "accepted or edited"), (False, "rejected")):
        if len({case.dialog for case in cases if case.kept is kept}) < NEEDED_DIALOGS:
            return f"{NEEDED_DIALOGS} dialogs with {name} tasks are needed"
    return ""


# ---- training ----


def _trained(cases: Sequence[Case]) -> Model:
    kept = [case.kept for case in cases]
    # Both verdicts weigh alike, however rare one is; what that does to the odds the intercept takes back.
    regression = LogisticRegression(class_weight="balanced", max_iter=2000, tol=1e-6, random_state=_SEED)
    regression.fit(_matrix([case.candidate for case in cases]), kept)
    odds = math.log(sum(kept) / (len(kept) - sum(kept)))
    weights = {place: round(float(weight), 6) for place, weight in enumerate(regression.coef_[0])}
    return Model(
        {place: weight for place, weight in weights.items() if weight},
        round(float(regression.intercept_[0]) + odds, 6),
    )


def _matrix(candidates: Sequence[Candidate]) -> Any:
    rows = [features(one) for one in candidates]
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    values = list(chain.from_iterable(row.values() for row in rows))
    return csr_matrix((values, list(chain.from_iterable(rows)), ends), shape=(len(rows), SIZE))


def _unseen(cases: Sequence[Case]) -> list[float]:
    """How sure a model is of each case that has learned from other dialogs alone."""
    parts = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    said = [0.0] * len(cases)
    for learned, asked in parts.split(cases, [case.kept for case in cases], [case.dialog for case in cases]):
        model = _trained([cases[at] for at in learned])
        for at in asked:
            said[at] = model.confidence(cases[at].candidate)
    return said


# ---- comparison ----


def _compared(cases: Sequence[Case], said: Sequence[float]) -> Figures:
    share = sum(case.kept for case in cases) / len(cases)
    parts: dict[int, list[Sums]] = {}
    for case, model in zip(cases, said, strict=True):
        rules, kept = case.candidate.confidence, case.kept
        losses = (_loss(rules, kept), _loss(share, kept), _loss(model, kept))
        parts.setdefault(case.dialog, []).append((1.0, *losses, *_outcome(rules, kept), *_outcome(model, kept)))
    dialogs = [_added(one) for one in parts.values()]
    return Figures(
        # Less is better of a loss.
        _gain(dialogs, lambda sums: (sums[1] / sums[0], sums[3] / sums[0]), sign=-1),
        _gain(dialogs, lambda sums: (sums[2] / sums[0], sums[3] / sums[0]), sign=-1),
        _gain(dialogs, lambda sums: (_f1(*sums[4:7]), _f1(*sums[7:])), sign=1),
    )


def _gain(dialogs: Sequence[Sums], figure: Callable[[Sums], tuple[float, float]], *, sign: int) -> Gain:
    """Both figures over all dialogs, and the error of their difference: by leaving out each dialog in turn."""
    whole = _added(dialogs)
    plain, model = figure(whole)
    without = [figure(tuple(every - own for every, own in zip(whole, one, strict=True))) for one in dialogs]
    gains = [sign * (his - theirs) for theirs, his in without]
    mean = math.fsum(gains) / len(gains)
    error = math.sqrt((len(gains) - 1) / len(gains) * math.fsum((gain - mean) ** 2 for gain in gains))
    return Gain(plain, model, sign * (model - plain), error)


def _added(sums: Iterable[Sums]) -> Sums:
    return tuple(math.fsum(column) for column in zip(*sums, strict=True))


def _loss(confidence: float, kept: bool) -> float:
    sure = bounded(confidence)
    return -math.log(sure if kept else 1 - sure)


def _outcome(confidence: float, kept: bool) -> Sums:
    """Whether it was rightly called sure, missed, or wrongly called sure."""
    sure = confidence >= SURE
    return float(sure and kept), float(kept and not sure), float(sure and not kept)


def _f1(hit: float, missed: float, false: float) -> float:
    return 2 * hit / (2 * hit + missed + false) if hit else 0.0
