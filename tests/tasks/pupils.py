"""Corrections as operators might have made them, made up by a die that always falls the same."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tasks.extract.model import SURE
from tasks.learning import Example, Place, Proposed

WORDS = (
    *("счёт", "акт", "заказ", "договор", "доставка", "возврат", "оплата", "ключ"),
    *("склад", "цвет", "размер", "отчёт", "чек", "пароль", "тариф", "адрес"),
)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
# How sure the rules are, and how often the task is kept.
RULES = {"order": (0.9, 0.9), "question.mark": (0.85, 0.9), "book": (0.8, 0.1)}


class Found(NamedTuple):
    """What rules found, and whether it is kept."""

    rule: str
    confidence: float
    text: str
    kept: bool


Maker = Callable[[random.Random, int], Found]


def wrong_rule(dice: random.Random, _dialog: int) -> Found:
    """The rule `book` is sure of what hardly ever is a task."""
    rule = dice.choice(sorted(RULES))
    confidence, often = RULES[rule]
    return Found(rule, confidence, _words(dice), dice.random() < often)


def right_rules(dice: random.Random, _dialog: int) -> Found:
    """The rules are just as sure as they are right, and the words say nothing."""
    confidence = dice.choice([0.9, 0.8, 0.4])
    return Found("order" if confidence >= SURE else "left", confidence, _words(dice), dice.random() < confidence)


def coins(dice: random.Random, _dialog: int) -> Found:
    """Nothing says whether a task is kept."""
    return Found("order", dice.choice([0.9, 0.4]), _words(dice), dice.random() < 0.5)


def client_s_manner(dice: random.Random, dialog: int) -> Found:
    """Each client has a word of his own, and it hangs on the client alone whether his tasks are kept."""
    word = "".join(random.Random(dialog).choices("бвгджзклмнпрст", k=12))
    return Found(
        "order", dice.choice([0.9, 0.4]), f"{word} {_words(dice)} {word}", random.Random(dialog).random() < 0.5
    )


def corrections(make: Maker, count: int = 300, each: int = 2, seed: int = 1) -> list[Example]:
    """So many of them, `each` of a dialog."""
    dice = random.Random(seed)
    return [example(number, number // each, make(dice, number // each)) for number in range(count)]


def example(task: int, dialog: int, found: Found, **other: Any) -> Example:
    """A correction: of a request without a day, in the middle of its message."""
    text = f"Привет! {found.text} 👋"
    return Example(
        **{
            "task": task,
            "dialog": dialog,
            "text": text,
            "evidence": Place(8, 8 + len(found.text)),
            "origin": "rule",
            "rules": (found.rule,),
            "confidence": found.confidence,
            "proposed": Proposed("request", None, None, "normal"),
            "verdict": "accepted" if found.kept else "rejected",
            "at": BEGAN + timedelta(minutes=task),
            **other,
        }
    )


def _words(dice: random.Random) -> str:
    return " ".join(dice.sample(WORDS, 4))
