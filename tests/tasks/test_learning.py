"""Training: what can be learned is, what only seems to be is not, and the same of the same corrections."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import mean, stdev

import msgspec
import pytest

from tasks.extract.learned import Candidate, Model
from tasks.extract.model import SURE
from tasks.learning import NEEDED, Example, Figures, Gain, Lesson, Proposed, _gain, learn
from tests.tasks import pupils
from tests.tasks.pupils import RULES, Found, corrections, example


def asked(model: Model, rule: str, words: str = "заказ ключ цвет чек") -> float:
    return model.confidence(Candidate("request", False, (rule,), RULES[rule][0], False, False, words))


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return learn(corrections(pupils.wrong_rule))


def test_a_rule_that_is_mostly_wrong_is_found_out(lesson: Lesson) -> None:
    assert lesson.model is not None
    assert (lesson.examples, lesson.dialogs, lesson.why_not) == (300, 150, "")
    assert asked(lesson.model, "book") < SURE
    assert asked(lesson.model, "order") > 0.7
    assert asked(lesson.model, "question.mark") > 0.7
    assert lesson.figures is not None
    assert lesson.figures.f1.gain > 0.05
    assert lesson.figures.loss.gain > 0.1


def test_words_are_learned_too() -> None:
    def made(dice: random.Random, _dialog: int) -> Found:
        found = pupils.coins(dice, 0)
        return found._replace(confidence=0.8, kept="оплат" in found.text, text=found.text.replace("оплата", "оплатим"))

    model = learn(corrections(made, 400)).model
    assert model is not None
    # Words it has never seen, with a part of one that it has.
    assert asked(model, "book", "не оплатил") > SURE > asked(model, "book", "не пришёл")


@pytest.mark.parametrize("make", [pupils.right_rules, pupils.coins])
@pytest.mark.parametrize("seed", range(4))
def test_noise_teaches_nothing(make: pupils.Maker, seed: int) -> None:
    lesson = learn(corrections(make, seed=seed))
    assert lesson.model is None
    assert lesson.figures is not None
    assert "no gain" in lesson.why_not


def test_a_gain_within_its_error_is_none() -> None:
    good, slight = Gain(0.5, 0.4, 0.1, 0.04), Gain(0.5, 0.4, 0.1, 0.06)
    assert Figures(good, good, good).weak == []
    assert Figures(slight, good, good).weak == ["log loss"]
    assert Figures(good, slight, good).weak == ["log loss beyond the mere share of kept tasks"]
    assert Figures(good, good, slight).weak == ["F1"]
    # Where rules and model agree on everything, both are nothing.
    assert not Gain(0.5, 0.5, 0.0, 0.0).holds


def test_the_error_of_a_mean_is_what_statistics_say() -> None:
    dice = random.Random(2)
    gains = [dice.gauss(0.2, 1.0) for _ in range(50)]
    found = _gain([(1.0, one, 0.0) for one in gains], lambda sums: (sums[1] / sums[0], sums[2] / sums[0]), sign=-1)
    assert found.gain == pytest.approx(mean(gains))
    assert found.error == pytest.approx(stdev(gains) / len(gains) ** 0.5)


def test_a_rare_verdict_stays_rare() -> None:
    def made(dice: random.Random, dialog: int) -> Found:
        return pupils.wrong_rule(dice, dialog) if dice.random() < 0.4 else Found("order", 0.9, "заказ", kept=True)

    cases = corrections(made, 500)
    model = learn(cases).model
    assert model is not None
    said = [asked(model, one.rules[0], one.text[8:-2]) for one in cases]
    kept = sum(one.verdict == "accepted" for one in cases) / len(cases)
    assert kept > 0.8
    assert sum(said) / len(said) == pytest.approx(kept, abs=0.03)


def test_what_hangs_on_the_dialog_alone_is_no_gain() -> None:
    made = corrections(pupils.client_s_manner, each=6)
    assert learn(made).model is None
    # The same words, if nobody minded which of them are of one client.
    apart = [msgspec.structs.replace(one, dialog=one.task) for one in made]
    assert learn(apart).model is not None


def test_few_corrections_are_not_learned_from() -> None:
    made = corrections(pupils.wrong_rule)
    few = learn(made[: NEEDED - 1])
    assert (few.model, few.figures, few.why_not) == (None, None, "200 corrections are needed")
    assert learn(made[:NEEDED]).model is not None


@pytest.mark.parametrize(("kept", "name"), [(True, "rejected"), (False, "accepted or edited")])
def test_one_verdict_alone_is_not_learned_from(kept: bool, name: str) -> None:
    made = [example(at, at, Found("order", 0.9, "заказ", kept)) for at in range(300)]
    # However many there are in a few dialogs.
    others = [example(300 + at, 300 + at % 9, Found("book", 0.8, "ключ", not kept)) for at in range(100)]
    assert learn(made + others).why_not == f"10 dialogs with {name} tasks are needed"


def test_order_does_not_matter(lesson: Lesson) -> None:
    made = corrections(pupils.wrong_rule)
    random.Random(7).shuffle(made)
    assert learn(made) == lesson


def test_an_edited_task_was_one(lesson: Lesson) -> None:
    made = [
        msgspec.structs.replace(one, verdict="edited") if one.verdict == "accepted" else one
        for one in corrections(pupils.wrong_rule)
    ]
    edited = learn(made)
    assert edited == replace(lesson, verdicts=edited.verdicts)
    assert edited.verdicts["edited"] == lesson.verdicts["accepted"]


def test_what_cannot_be_learned_from_is_left_out(lesson: Lesson) -> None:
    made = corrections(pupils.wrong_rule)
    other = Found("book", 0.8, "заказ", True)
    useless = [example(1000 + at, at, other, origin="llm") for at in range(50)]
    useless += [example(2000 + at, at, other, evidence=None) for at in range(50)]
    assert learn([*useless, *made]) == lesson


def test_of_a_task_that_is_told_twice_the_last_counts(lesson: Lesson) -> None:
    made = corrections(pupils.wrong_rule)
    opposite = {"accepted": "rejected", "rejected": "accepted"}
    earlier = [
        msgspec.structs.replace(one, verdict=opposite[one.verdict], at=one.at - timedelta(days=9)) for one in made
    ]
    assert learn([*made, *earlier]) == lesson


def test_it_is_measured_by_the_rules_own_confidence(lesson: Lesson) -> None:
    """Where a model had judged already, its tasks tell what the rules had said."""
    made = [
        msgspec.structs.replace(one, confidence=0.11, rules=(*one.rules, f"rules:{one.confidence:g}"))
        for one in corrections(pupils.wrong_rule)
    ]
    assert learn(made) == lesson
    with pytest.raises(ValueError, match="task 5: "):
        learn([*made, example(5, 2, Found("order", 0.9, "заказ", True), rules=("rules:much",))])


def varied(**proposed: object) -> Sequence[Example]:
    """Tasks of one rule that are kept where they are as this says."""
    dice, found = random.Random(3), []
    for at in range(240):
        kept = dice.random() < 0.5
        plain = Proposed("request", None, None, "normal")
        one = msgspec.structs.replace(plain, **proposed) if kept else plain
        found.append(example(at, at, Found("order", 0.9, "пришлите", kept), proposed=one))
    return found


@pytest.mark.parametrize(
    "proposed",
    [{"kind": "complaint"}, {"promised_by": "operator"}, {"due": "2026-11-27"}, {"priority": "high"}],
    ids=lambda one: next(iter(one)),
)
def test_each_thing_the_rules_say_is_looked_at(proposed: dict[str, object]) -> None:
    assert learn(varied(**proposed)).model is not None
    assert learn(varied()).model is None
