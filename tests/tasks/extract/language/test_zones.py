"""The writer's own lines: no quotes, nothing forwarded, no signature; places stay those of the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.extract.language.zones import MOST, own_lines


def _own(text: str) -> list[str]:
    return [text[line.start : line.end].strip() for line in own_lines(text)]


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Добрый день.\nПришлите счёт.\n--\nИ. Сомов", ["Добрый день.", "Пришлите счёт."]),
        ("Ok, agreed.\n\n> Kindly confirm by Monday.", ["Ok, agreed."]),
        ("Да.\n12.05 Анна пишет:\n> Подтвердите", ["Да."]),
        ("Прошу счёт\n\nС уважением,\nТимур Галеев\nдиректор", ["Прошу счёт"]),
        ("Please add VAT.\n\nBest,\nIda\n\n> quoted", ["Please add VAT."]),
        ("смотрите\n---------- Пересланное сообщение ----------\nОплатите до пятницы", ["смотрите"]),
        ("> только цитата", []),
        ("Спасибо за помощь, но счёта всё нет", ["Спасибо за помощь, но счёта всё нет"]),
        ("Best price please", ["Best price please"]),
    ],
)
def test_only_the_writers_own_lines_are_read(text: str, own: list[str]) -> None:
    assert _own(text) == own


_ODD = st.lists(st.sampled_from(["> a", "--", "", "С уважением,", "x"])).map("\n".join)


@given(st.text(st.characters(codec="utf-8"), max_size=300) | _ODD)
def test_lines_stand_where_they_say(text: str) -> None:
    ends = 0
    for line in own_lines(text):
        assert ends <= line.start < line.end <= min(len(text), MOST)
        assert "\n" not in text[line.start : line.end]
        ends = line.end


def test_what_is_longer_is_cut() -> None:
    assert own_lines("слово " * MOST)[-1].end == MOST
