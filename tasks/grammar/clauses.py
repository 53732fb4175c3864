"""What the clause around a date says of it: that it is over, refused, usual, or only named."""

import re

from tasks.grammar.lexer import CLASS, OTHER, Line
from tasks.grammar.moving import is_denied
from tasks.grammar.pieces import DAYS, Piece
from tasks.grammar.rules import compiled

CLAUSE_SIGNS = ".!?;,:()¶·"
CLAUSE = re.compile(f"[{CLAUSE_SIGNS}]")
SENTENCE = re.compile(r"[.!?;¶]")
# How many tokens around it belong to it at most.
_NEAR = 60
_FEW = 6
_UP_TO_SIGN = re.compile(f".*[{CLAUSE_SIGNS}]")
_WEEKDAYS = "weekday|weekday_form|environment|nominative|short_weekday"
_OR_WEEKDAY = compiled(rf" <and|or> (?:<at> )?<{_WEEKDAYS}>")
_WEEKDAY_OR = compiled(rf"(?<=<{_WEEKDAYS}> )<and|or> $")
_EVERY = compiled(r" (?:<of_english> )?<every>")
_STILL = compiled(r"<still> $")
_LASTING_SIGNS = {CLASS["not"], CLASS["already"], CLASS["still"]}
# What is said of what lasts, and how verbs end that tell what was.
_LASTING = re.compile(r"нет$|жд[уе]м?$|никак|больше|болит|висит|стоит$|лежит|тишина")
_VERB = re.compile(r"\w{2,}[аеиоуыя]л(?:[аои]|ся|ась|ось|ись)?$|\w+пал[аои]?$|\w+шл[аои]$")
# Verbs beside these have the form of the past and are wishes.
_WISHED = {"бы", "чтобы", "чтоб"}
_REFUSED = re.compile(
    r"\b(?:меня|нас) не буд|\bне (?:могу|смо[гж]|получ|выйд|выход|успе|вариант|подход|удобно|приед|прид)"
    r"|\bникак|\bнеудобно|\bнет\b"
    r"|\b(?:can't|cannot|can not|won't|doesn't work|isn't|not possible|not good|no good)\b"
)
# «Пятница подойдёт», «ну среда так среда».
_AGREED = re.compile(
    r" (?:(?:подойд[её]т|подходит|хорошо|удобно|отлично|годится|супер|идеально|норм|нормально|устроит|пойд[её]т"
    r"|устраивает|ок|да|можно) ?(?:[.,!;)]|$)|так (?:понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)\b)"
)
_FEW_WORDS = compiled(r"(?:'\w| (?!<and>)\w){0,5}")
_RATHER = {"а ", "но ", "или ", "лучше ", "давайте "}
_GONE = re.compile(r"прош|законч|заканч|истек|наступ|кончил|минул")


def is_sure(piece: Piece, line: Line) -> bool:
    """Whether it is sure of itself, or a whole clause: «Среда?», «10:20», «пн или вт», but not «вечер»."""
    if not piece.meaning.weak:
        return True
    if piece.sort == "hour":
        return piece.meaning.precision == "minute" and _is_all(piece, line)
    start = max(piece.start - 2, 0)
    if piece.sort == "number":
        return _is_alone(piece, line) or ("".join(line.words[start : piece.start]) in _RATHER and _ends(piece, line))
    return _is_alone(piece, line) or bool(
        _AGREED.match(line.low, line.starts[piece.end])
        or _OR_WEEKDAY.match(line.classes, piece.end)
        or _WEEKDAY_OR.search(line.classes, start, piece.start)
    )


def is_topic(piece: Piece, line: Line) -> bool:
    """Whether the day is named, but nothing can be due then."""
    return (
        _EVERY.match(line.classes, piece.end) is not None
        or is_denied(piece, line)
        or _is_farewell(piece, line)
        or _is_refused(piece, line)
        or (piece.sort == "date" and line.words[max(piece.start - 2, 0)] == "of")
    )


def is_over(piece: Piece, line: Line) -> bool:
    """Whether the last such day is meant, not the next one: «ещё в субботу», «с понедельника не работает»."""
    if piece.role not in {"point", "span"} or piece.sort == "date":
        return False
    if _STILL.search(line.classes, max(piece.start - 2, 0), piece.start):
        return True
    if piece.lead == "since":
        return line.words[piece.start] == "since" or _lasts(piece, line)
    return piece.sort == "month" and piece.lead in {"at", "in"} and _happened(piece, line)


def has_passed(piece: Piece, line: Line) -> bool:
    """«Пятница прошла»."""
    return piece.sort == "weekday" and _GONE.match("".join(line.words[piece.end + 1 : piece.end + 2])) is not None


def _is_all(piece: Piece, line: Line) -> bool:
    """Whether nothing else is said: 10:20 is an answer then, and may be a length or a score beside anything else."""
    rest = line.classes[: min(piece.start, _FEW)] + line.classes[piece.end : piece.end + _FEW]
    return len(rest) < _FEW and not any(sign.isalpha() for sign in rest)


def _is_alone(piece: Piece, line: Line) -> bool:
    before = line.classes[max(piece.start - 2, 0) : piece.start].rstrip(" ")[-1:]
    return before in CLAUSE_SIGNS and _ends(piece, line)


def _ends(piece: Piece, line: Line) -> bool:
    """Whether its clause ends with it."""
    return line.classes[piece.end : piece.end + 2].lstrip(" ")[:1] in CLAUSE_SIGNS


def _is_farewell(piece: Piece, line: Line) -> bool:
    """«До завтра!», «С 8 марта!»"""
    if piece.lead not in {"until", "since"} or piece.sort not in DAYS:
        return False
    return line.classes[piece.end : piece.end + 1] in {"!", ")"} and _is_alone(piece, line)


def _is_refused(piece: Piece, line: Line) -> bool:
    """«Завтра никак», «в среду не смогу»."""
    if piece.role != "point" or piece.sort not in DAYS:
        return False
    behind = _behind(piece, line)
    near = _FEW_WORDS.match(line.classes, piece.end, behind.stop)
    return near is not None and _REFUSED.search(line.low, line.starts[piece.end], line.starts[near.end()]) is not None


def _lasts(piece: Piece, line: Line) -> bool:
    """«С понедельника не работает», «с утра пропал свет»."""
    behind = _behind(piece, line)
    if _WISHED.isdisjoint(line.words[place] for place in [*_before(piece, line), *behind]) and any(
        _is_verb(line, place) for place in behind
    ):
        return True
    places = [*_before(piece, line), *behind]
    return any(line.classes[place] in _LASTING_SIGNS or _LASTING.match(line.words[place]) for place in places)


def _happened(piece: Piece, line: Line) -> bool:
    """«Купил в январе», but not «хотел бы в мае»."""
    places = [*_before(piece, line), *_behind(piece, line)]
    return _WISHED.isdisjoint(line.words[place] for place in places) and any(_is_verb(line, place) for place in places)


def _is_verb(line: Line, place: int) -> bool:
    return line.classes[place] == OTHER and _VERB.match(line.words[place]) is not None


def _before(piece: Piece, line: Line) -> range:
    """The tokens of its clause before it."""
    first = max(piece.start - _NEAR, 0)
    sign = _UP_TO_SIGN.match(line.classes, first, piece.start)
    return range(sign.end() if sign else first, piece.start)


def _behind(piece: Piece, line: Line) -> range:
    """The tokens of its clause behind it."""
    last = min(piece.end + _NEAR, len(line.words))
    sign = CLAUSE.search(line.classes, piece.end, last)
    return range(piece.end, sign.start() if sign else last)
