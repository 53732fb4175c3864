"""Words: the same form is the same object, slips are mended, imperatives are told from what looks like them."""

import pytest

from tasks.extract.language.words import Flag, tokens, word_of


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("пажалуста", "пожалуйста"),
        ("помагите", "помогите"),
        ("востановить", "восстановить"),
        ("здраствуй", "здравствуй"),
    ],
)
def test_a_slip_of_a_cue_word_is_read_as_that_word(slip: str, right: str) -> None:
    assert word_of(slip).form == right


@pytest.mark.parametrize("form", ["элькар", "хотфикс", "барсик", "иннополис"])
def test_what_is_no_slip_stays_what_it_is(form: str) -> None:
    assert word_of(form).form == form


@pytest.mark.parametrize(
    ("form", "flag"),
    [
        ("подготовьте", Flag.IMPR), ("вышлю", Flag.FUT1), ("привезут", Flag.FUT3), ("заменены", Flag.PART),
        ("отправили", Flag.PAST), ("узнать", Flag.INF), ("send", Flag.IMPR), ("sent", Flag.PAST),
        ("sending", Flag.INGF),
    ],
)  # fmt: skip
def test_a_form_is_known_for_what_it_may_be(form: str, flag: int) -> None:
    assert word_of(form).flags & flag


def test_letters_and_their_case_make_no_other_word() -> None:
    assert word_of("Счёт") is word_of("счет")


def test_tokens_stand_where_they_say() -> None:
    text = "В заказе №7001-2: I'll pay 12.05, до 20-го!"
    found = tokens(text, 0, len(text))
    assert [text[token.start : token.end] for token in found if not token.word.flags & Flag.MARK] == [
        "В", "заказе", "7001-2", "I'll", "pay", "12.05", "до", "20-го",
    ]  # fmt: skip
