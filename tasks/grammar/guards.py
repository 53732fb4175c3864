"""What stands around a number or a name and says that it is no date: measures, versions, streets, wishes."""

import re

from tasks.grammar.lexer import OTHER
from tasks.grammar.rules import Phrase, compiled

# What a number is counted in; a sign of money or per cent may touch it.
_MEASURED = compiled(r" ?(?:[$€£₽%№°]|<measure>)")
# What may stand behind a bare hour: an end, or a word of the sentence that is no noun.
_ALONE = compiled(
    r"$|[^\w +*/%$€£₽№#=.,:-]|[.,:-](?!\w)| (?:[^\w +*/%$€£₽№#=]|<function|and|until|at|since|after|for|over|through"
    r"|not|every|relative|weekday|weekday_form|environment|short_weekday|nominative|morning|evening|night|already|about|instead"
    r"|this|article|in|within|of|still|tonight|limit>)"
)
# "From 1 to 5" are marks, «от 5 до 10» are so many.
_COUNTED_FROM = compiled(r"<of> <small|minutes|hundreds> $")
_EVENT = compiled(r" (?:<of|of_english|until> (?:<article> )?x|<after> (?!<lunch>)|<since> (?:(?:<article> )?x|<day>))")
_ENVIRONMENTS = re.compile(r"разработ|исполн|программ|тестир|обитан|развёрт|разверт|стейдж|staging|dev|prod|test")
_LED = compiled(r"<until|at|since|after|of|for|over|through|in> $")
_COUNTED = compiled(r"<small|minutes|cardinal> $")
_NEAR = 20
_CLAUSE = ".!?;,¶()"
_NUMBERED = re.compile(
    r"верси|релиз|обновл|билд|сборк|апдейт|прошивк|v$|ver$|vers|release|build|update|ios$|android|windows|чек|сумм|цен[аыуе]|"
    r"стои|пробил|номер|наряд|лицев|код$|артик|пункт|п$|раздел|глав[аеуы]|стр$|страниц|этаж|размер|масштаб|счет|матч|"
    r"score|price|cost|total|order|заказ|договор|полис|section|page|chapter|номинал|курс$|вес$|балл|оценк|рейтинг|"
    r"трек(?:а|у|ом|и|ов|номер\w*)?$|track(?:ing)?$|number$|n$"
)
_NUMBER_SIGN = compiled(r"[№#] ?$")
# What is brought to a version: «обновите до 3.12», «обновление прошивки с 3.11 до 3.12»; a price list is by a day.
_UPDATED = re.compile(
    r"\b(?:обнов(?:и(?:те|ть|ли?)?(?:ся|сь)?|лени[еяюий]м?|лен[аоы]?)"
    r"|(?:апгрейд|апдейт|откат|upgrad|updat|downgrad)\w*)\s"
    r"(?:(?:верси|питон|приложени|прошивк|драйвер|плагин|модул|библиотек|ядр|софт|постгрес|битрикс|"
    r"python|php|java|node|django|postgres|mysql|ios|android|windows|linux|ubuntu|debian|chrome|wordpress|firmware)"
    r"\w*\s)?(?:(?:с|from)\s(?:\d+\.\d+\s(?:до|to)\s)?|(?:до|to)\s)$"
)
_UP_TO = compiled(r" <until|to> <small>\.<small|minutes>")
_UPDATE_LENGTH = 40
_QUANTITY = re.compile(
    r"увелич|вырос|подрос|упал|повыс|подня|подними|сниз|уменьш|сократ|скидк|цен[аыуе]|дет(?:и|ям|ей)$|ребен|вес$|размер|количеств|лимит|"
    r"возраст|температур|длин|высот|ширин|занима|длит|limit|increas|rais|up$|price|age$|size|step|версии|этаж|уровн|level|"
    r"тысяч|тыс$|рубл|штук|человек|дом$|кв$|офис|кабинет|палат|каб$|оф$|ворот|подъезд|корпус"
)
_STREET = re.compile(
    r"ул$|улиц|просп|пр$|площад(?:ь|и|ью)$|пл$|переул|пер$|бульвар|шоссе|набереж|наб$|имени|метро|станци|остановк|сквер|парке?$"
)
# Streets are named for these days, with a capital letter; a house's number follows, and no hour.
_STREETS = {"8 марта", "1 мая", "9 мая", "9 января", "7 ноября", "25 октября"}
_HOUSE = compiled(r",? <small|minutes|hundreds>(?!:)")
_STREET_BEHIND = re.compile(r"(?:street|st|road|rd|avenue|ave|lane|drive|square)$")
_NOUNS = re.compile(
    r"(?:подъезд|этаж|размер|корпус|класс|кадр|квартал|том|заказ|пункт|звонк|вариант|сорт|номер|участк|ряд|балл|канал|склад|"
    r"отдел|кабинет|цех|разряд|раз|уровн|поколени|лиц|мест|модел|верси|категори|попытк)[аыуеияю]+$|"
    r"floor|attempt|time$|person|item|option|street|avenue|party|one$|gen$|generation|draft|version|edition|century|"
    r"anniversary|birthday|row$|batch|half|quarter|gear|week|day|month"
)
_WISH = re.compile(
    r"добр|хорош|приятн|спокойн|удачн|отличн|прекрасн|чудесн|good$|nice|great|lovely|happy|wonderful|pleasant|enjoy|"
    r"fantastic|blessed|black$|черн"
)
_FEAST = re.compile(r"поздрав|наступ|прошедш|праздник")
_RATED = re.compile(r"rate|scale|score|оцен")
_DOCUMENTS = re.compile(
    r"счет|акт|план|бюджет|график|отчет|прайс|расписан|меню|квитанц|абонемент|прогноз|табел|смет|данны[ехм]|статистик|"
    r"выписк|сверк|сводк|итог|показател|продаж|расход|доход|выручк|прибыл|зарплат|преми[яюи]|детализац|логи$|логов$|"
    r"платеж|накладн|аналитик|динамик|посещаемост|переписк|истори[яюи]$|новост|report|stats|statistics|statement"
)
_FINE = re.compile(r"fine|good|ok|great|perfect|better|best|too|not|no|the$|when|a$|my$|ideal|out$|when|$")
_NOW_LENGTH = 20
# «Уже пятница», "it's 3pm": what is now.
_NOW = re.compile(r"\b(?:уже|сейчас|вот|already|(?:it|today|now)(?:'s| is)) $")


def is_measured(phrase: Phrase) -> bool:
    """Whether something is counted: «12.05 руб», «до 20 %»."""
    return _MEASURED.match(phrase.line.classes, phrase.end) is not None


def is_numbered(phrase: Phrase) -> bool:
    """Whether the words before say that a number is a version, a sum, somebody's number."""
    line = phrase.line
    signed = _NUMBER_SIGN.search(line.classes, max(phrase.start - 2, 0), phrase.start) is not None
    return signed or _says(_NUMBERED, phrase, 1)


def is_version(phrase: Phrase) -> bool:
    """Whether something is updated to it: «обновите до 3.12»; «до 03.12» is a day all the same, «до 18.30» an hour."""
    since = phrase.lead in {"since", "from"}
    if phrase.lead not in {"until", "to", ""} and not (since and _UP_TO.match(phrase.line.classes, phrase.end)):
        return False
    place = phrase.at("small")
    major, minor = phrase.word(place), phrase.word(place + 2)
    if "0" in {major[:1], minor[:1]} or (len(major) == 2 and not 1 <= int(minor) <= 12):
        return False
    start = phrase.line.starts[place]
    return _UPDATED.search(phrase.line.low, max(start - _UPDATE_LENGTH, 0), start) is not None


def is_bare_hour(phrase: Phrase) -> bool:
    """Whether a number behind a preposition can be an hour, and not so many of something."""
    line = phrase.line
    if _ALONE.match(line.classes, phrase.end) is None or is_quantity(phrase) or _says(_RATED, phrase, 8):
        return False
    return not _COUNTED_FROM.search(line.classes, max(phrase.start - 4, 0), phrase.start)


def is_street(phrase: Phrase) -> bool:
    """Whether a date is an address: «улица 8 Марта», «на 8 Марта, 15»."""
    if _says(_STREET, phrase, 1, "!?;¶"):
        return True
    if _STREET_BEHIND.match(phrase.word(phrase.end + 1)):
        return True
    line, place = phrase.line, phrase.end - 1
    if "".join(line.words[place - 2 : place + 1]) not in _STREETS or not line.text[line.starts[place]].isupper():
        return False
    return _HOUSE.match(line.classes, phrase.end) is not None


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


def is_verb(phrase: Phrase) -> bool:
    """Whether "may" is no month: "shard 3 may have failed", "the beginning may be late"."""
    place = phrase.at("short_month")
    if phrase.word(place) != "may" or phrase.line.text[phrase.line.starts[place]] == "M":
        return False
    return place == phrase.end - 1 and phrase.lead in {"", "over", "to", "at", "of"}


def is_latin(phrase: Phrase) -> bool:
    """Whether a name in Latin letters stands before it, as before a version: «Ubuntu 22.04»."""
    word = phrase.word(phrase.start - 2)
    return phrase.line.classes[max(phrase.start - 2, 0)] == OTHER and "a" <= word[:1] <= "z"


def is_quantity(phrase: Phrase) -> bool:
    """Whether the words before say that it grows or costs so much: «увеличить до 2.5»."""
    return _says(_QUANTITY, phrase, 2)


def is_owner(phrase: Phrase) -> bool:
    """Whether something is the day's: "tomorrow's delivery"; but "tomorrow's fine" answers, "in today's post" tells."""
    if phrase.lead == "in" or phrase.word(phrase.end) != "'" or phrase.word(phrase.end + 1) != "s":
        return False
    return _FINE.match(phrase.word(phrase.end + 3)) is None


def is_feast(phrase: Phrase) -> bool:
    """Whether it is what somebody is wished well on: «поздравляем с 8 марта»."""
    return phrase.lead == "since" and _says(_FEAST, phrase, 2)


def is_document(phrase: Phrase) -> bool:
    """Whether a period is what a paper is about: «счёт на октябрь»."""
    return _says(_DOCUMENTS, phrase, 1)


def is_now(phrase: Phrase) -> bool:
    """Whether it says what day or hour it is."""
    if phrase.lead:
        return False
    start = phrase.line.starts[phrase.start]
    return _NOW.search(phrase.line.low, max(start - _NOW_LENGTH, 0), start) is not None


def is_led(phrase: Phrase) -> bool:
    """Whether a preposition stands before it that means nothing with it, or nights are counted: «с днём рождения»."""
    start = max(phrase.start - 2, 0)
    if phrase.has("night") and _COUNTED.match(phrase.line.classes, start, phrase.start):
        return True
    return _LED.match(phrase.line.classes, start, phrase.start) is not None


def _says(words: re.Pattern[str], phrase: Phrase, most: int, ends: str = _CLAUSE) -> bool:
    """Whether one of the last words before it, in the same clause, begins like that."""
    line = phrase.line
    for place in range(phrase.start - 1, max(phrase.start - _NEAR, 0) - 1, -1):
        if not most or line.classes[place] in ends:
            return False
        if line.words[place][0].isalpha():
            if words.match(line.words[place]):
                return True
            most -= 1
    return False
