"""The question to a language model: the rules in one place, what people wrote in another, and no more than needed."""

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tasks.dates import Calendar
from tasks.extract.model import Said, Side
from tasks.extract.outside import question
from tasks.extract.outside.question import ALL, LONGEST, MESSAGES, Question

# A Monday.
NOW = datetime(2025, 10, 13, 11, 50)  # noqa: DTZ001 - by the business's own clock


def asked(*lines: str, minutes: int = 1) -> Question:
    """What is asked about the last line; those that begin with ">" are the operator's."""
    said = [
        Said(1_000_000_000 + at, _side(line), NOW + timedelta(minutes=minutes * at), line.lstrip("> "))
        for at, line in enumerate(lines)
    ]
    return question.about(said[:-1], said[-1], Calendar())


def _side(line: str) -> Side:
    return "operator" if line.startswith(">") else "client"


def request(found: Question) -> Any:
    """The request as the server reads it."""
    return json.loads(question.body(found, "some-model"))


def told(found: Question) -> Any:
    """The conversation in it."""
    return json.loads(request(found)["messages"][1]["content"])


def test_what_is_sent_is_texts_sides_and_hours_and_no_names_of_ours() -> None:
    found = asked("Добрый день", "> Слушаю вас", "Пришлите счёт")
    assert told(found) == {
        "conversation": [
            {"number": 1, "from": "client", "at": "2025-10-13T11:50", "text": "Добрый день"},
            {"number": 2, "from": "operator", "at": "2025-10-13T11:51", "text": "Слушаю вас"},
            {"number": 3, "from": "client", "at": "2025-10-13T11:52", "text": "Пришлите счёт"},
        ],
        "look_in": [3],
    }
    assert "1000000" not in json.dumps(request(found))
    assert sorted(request(found)) == ["messages", "model", "response_format"]


def test_the_clients_own_messages_right_before_it_are_looked_in_too() -> None:
    assert asked("А", "> Б", "Карта", "не проходит").look_in == {3, 4}
    assert asked("Карта", "не проходит", minutes=60).look_in == {2}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_whatever_is_written_stands_in_the_data_and_nowhere_else(text: str) -> None:
    plain, found = request(asked("x")), request(asked(text or "x"))
    assert found["messages"][0] == plain["messages"][0]
    assert json.loads(found["messages"][1]["content"])["conversation"][0]["text"] == (
        text.lstrip("> ") or "x" * (not text)
    )
    del plain["messages"], found["messages"]
    assert found == plain


def test_no_more_is_sent_than_so_many_messages_and_so_much_text() -> None:
    many = asked(*(f"{n}" for n in range(50)))
    assert [one.text for one in many.shown] == [f"{n}" for n in range(50 - MESSAGES, 50)]
    long = asked("a" * LONGEST * 2, "b" * LONGEST * 2, "c" * LONGEST * 2, "d" * LONGEST * 2)
    assert [(one.text[0], len(one.text)) for one in long.shown] == [(char, LONGEST) for char in "bcd"]
    assert sum(len(one.text) for one in long.shown) <= ALL
    assert long.look_in == {1, 2, 3}
