"""Phrases that say a date moves: «со среды на пятницу», «вместо вторника в четверг», "from the 14th to the 20th"."""

import re
from itertools import pairwise

from tasks.grammar.lexer import Line
from tasks.grammar.pieces import DAYS, Piece

# Between the old date and the new one stand few words and no end of a clause: «вместо 14 июля вылететь 16-го».
_FEW = re.compile(r"(?: \w){0,3} ?")
_VERBS = re.compile(r"mov|shift|reschedul|chang|push|postpon|swap|switch|rebook|bring|прод|перен|сдви|подви|мен")
_SENTENCE = ".!?;¶"


def is_move(left: Piece, right: Piece, line: Line) -> bool:
    """Whether the first of two neighbours is the date that no longer holds, and the second the one that does."""
    if left.sort not in DAYS or right.sort not in DAYS:
        return False
    if not _FEW.fullmatch(line.classes, left.end, right.start):
        return False
    if left.lead == "instead":
        return True
    if left.lead != "since":
        return False
    return line.words[right.start] == "на" or (right.lead == "to" and _says_so(left, line))


def without_sources(pieces: list[Piece], line: Line) -> list[Piece]:
    """The pieces, dates that no longer hold made topics."""
    sources = {left for left, right in pairwise(pieces) if is_move(left, right, line)}
    return [piece._replace(role="topic") if piece in sources else piece for piece in pieces]


def _says_so(piece: Piece, line: Line) -> bool:
    begin = max(line.classes.rfind(sign, 0, piece.start) for sign in _SENTENCE) + 1
    return any(_VERBS.match(word) for word in line.words[begin : piece.start])
