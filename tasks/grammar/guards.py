"""What stands around a number or a name and says that it is no date: measures, versions, streets, wishes."""

import re

from tasks.grammar.rules import Phrase, compiled

# What a number is counted in; a sign of money or per cent may touch it.
_MEASURED = compiled(r" ?(?:[$€£₽%№°]|<measure>)")
# What may stand behind a bare hour: an end, or a word of the sentence that is no noun.
_ALONE = compiled(
    r"$|[^\w +*/%$€£₽№#=.,:-]|[.,:-](?!\w)| (?:[^\w +*/%$€£₽№#=]|<function|and|until|at|since|after|for|over|through|not|every|"
    r"relative|weekday|weekday_form|environment|short_weekday|nominative|morning|evening|night|already|about|instead|"
    r"this|article|in|within|of|still|tonight|limit>)"
)
_EVENT = compiled(r" (?:<of|of_english|until> x|<after> (?!<lunch>)|<since> (?:x|<day>))")
_ENVIRONMENTS = re.compile(r"разработ|исполн|программ|тестир|обитан|развёрт|разверт|стейдж|staging|dev|prod|test")
_LED = compiled(r"<until|at|since|after|of|for|over|through|in> $")
_CLAUSE = ".!?;,¶()"
_NUMBERED = re.compile(
    r"верси|релиз|обновл|билд|сборк|апдейт|прошивк|v$|ver|release|build|update|ios|android|windows|чек|сумм|цен|стои|"
    r"пробил|номер|наряд|лицев|код|артик|пункт|п$|раздел|глав|стр|этаж|размер|масштаб|счет|матч|score|price|cost|total|"
    r"order|заказ|договор|полис|section|page|chapter|номинал|курс|вес|балл|оценк|рейтинг"
)
_QUANTITY = re.compile(
    r"увелич|повыс|подня|подними|сниз|уменьш|сократ|скидк|цен|дет(?:и|ям|ей)|ребен|вес|размер|количеств|лимит|возраст|"
    r"температур|длин|высот|ширин|занима|длит|limit|increas|rais|up$|price|age|size|step|версии|этаж|уровн|level|дом|кв|"
    r"офис|кабинет|палат|каб$|оф$|ворот|подъезд|корпус"
)
_STREET = re.compile(
    r"ул|улиц|просп|пр$|пр-т|площад|пл$|переул|пер$|бульвар|шоссе|набереж|наб$|имени|им$|метро|станци|остановк|сквер|парк"
)
_NOUNS = re.compile(
    r"подъезд|этаж|размер|дом|корпус|класс|уров|кадр|раз[аыу]?$|квартал|том|заказ|пункт|поколен|звонк|вариант|сорт|номер|"
    r"участк|ряд|мест|лиц|дела|балл|канал|модел|верси|склад|отдел|кабинет|цех|разряд|категор|сентяб|попытк|"
    r"floor|attempt|time|order|person|item|place|page|option|street|avenue|party|one|gen|draft|version|email|call|line|"
    r"edition|century|anniversary|birthday|row|letter|message|invoice|payment|batch|half|quarter|gear|week|day|month"
)
_WISH = re.compile(
    r"добр|хорош|приятн|спокойн|удачн|отличн|прекрасн|чудесн|good|nice|great|lovely|happy|wonderful|pleasant|enjoy|fantastic|"
    r"black|черн|blessed"
)


def is_measured(phrase: Phrase) -> bool:
    """Whether something is counted: «12.05 руб», «до 20 %»."""
    return _MEASURED.match(phrase.line.classes, phrase.end) is not None


def is_numbered(phrase: Phrase) -> bool:
    """Whether the words before say that a number is a version, a sum, somebody's number."""
    return _says(_NUMBERED, phrase, 1)


def is_bare_hour(phrase: Phrase) -> bool:
    """Whether a number behind a preposition can be an hour, and not so many of something."""
    line = phrase.line
    return _ALONE.match(line.classes, phrase.end) is not None and not _says(_QUANTITY, phrase, 2)


def is_street(phrase: Phrase) -> bool:
    """Whether a date is an address: «улица 8 Марта», «на 8 Марта, 15»."""
    if _says(_STREET, phrase, 1, "!?;¶"):
        return True
    line, month = phrase.line, phrase.line.starts[phrase.end - 1]
    following = "".join(line.words[phrase.end : phrase.end + 3]).lstrip(", ")
    behind = "".join(line.words[phrase.end + 3 : phrase.end + 5])
    return not phrase.english and line.text[month].isupper() and following[:1].isdigit() and not behind.startswith(":")


def is_environment(phrase: Phrase) -> bool:
    """Whether «в среду» is not Wednesday: «в среду разработки»."""
    return _ENVIRONMENTS.match(phrase.word(phrase.end + 1)) is not None


def is_event_next(phrase: Phrase) -> bool:
    """Whether a length is counted from something that nobody knows the day of: «через 3 дня после оплаты»."""
    return _EVENT.match(phrase.line.classes, phrase.end) is not None


def is_noun_next(phrase: Phrase) -> bool:
    """Whether an ordinal is of something: «3-го подъезда», "the 2nd floor"."""
    return _NOUNS.match(phrase.word(phrase.end + 1)) is not None and phrase.word(phrase.end).isspace()


def is_wish(phrase: Phrase) -> bool:
    """Whether it is wished or sold: «доброе утро», "happy Friday", «чёрная пятница»."""
    return _says(_WISH, phrase, 1)


def is_led(phrase: Phrase) -> bool:
    """Whether a preposition stands before it that means nothing with it: «с днём рождения»."""
    return _LED.match(phrase.line.classes, max(phrase.start - 2, 0), phrase.start) is not None


def _says(words: re.Pattern[str], phrase: Phrase, most: int, ends: str = _CLAUSE) -> bool:
    """Whether one of the last words before it, in the same clause, begins like that."""
    line, place = phrase.line, phrase.start - 1
    while place >= 0 and most and line.classes[place] not in ends:
        if line.words[place][0].isalpha():
            if words.match(line.words[place]):
                return True
            most -= 1
        place -= 1
    return False
