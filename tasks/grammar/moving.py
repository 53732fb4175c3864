"""Phrases that say a date moves: «со среды на пятницу», «не в среду, а в пятницу», "from the 14th to the 20th"."""

import re
from itertools import pairwise

from tasks.grammar.lexer import CLASS, Line
from tasks.grammar.pieces import DAYS, Piece

# Between the old date and the new one stand few words and no end of a clause: «вместо 14 июля вылететь 16-го».
_FEW = re.compile(r"(?: \w){0,3} ?")
_BUT = {"а", "но", "but"}
_VERBS = re.compile(
    r"mov|go$|shift|reschedul|chang|push|postpon|swap|switch|rebook|bring|bump|перен|сдви|подви|поменя|смен"
)
_SENTENCE = ".!?;¶"
# How many tokens before it belong to it at most.
_NEAR = 60


def is_move(left: Piece, right: Piece, line: Line) -> bool:
    """Whether one of two neighbours is the date that no longer holds, and the other the one that does."""
    if not {left.sort, right.sort} <= DAYS and not left.sort == right.sort == "hour":
        return False
    if is_denied(left, line) and _BUT & set(line.words[left.end : right.start]):
        return True
    if not _FEW.fullmatch(line.classes, left.end, right.start):
        return False
    if "instead" in {left.lead, right.lead}:
        return True
    if left.lead not in {"since", "from"}:
        near = left.lead in {"", "at"} and right.lead == "onto" and left.end + 1 == right.start
        return near and _says_so(left, line)
    return right.lead == "onto" or (right.lead == "to" and _says_so(left, line))


def target(left: Piece, right: Piece) -> Piece:
    """Of the two dates of a move the new one."""
    return left if right.lead == "instead" else right


def without_sources(pieces: list[Piece], line: Line) -> list[Piece]:
    """The pieces, dates that no longer hold made topics."""
    moves = [(left, right) for left, right in pairwise(pieces) if is_move(left, right, line)]
    gone = {(right if target(left, right) is left else left).start for left, right in moves}
    return [piece._replace(role="topic") if piece.start in gone else piece for piece in pieces]


def is_denied(piece: Piece, line: Line) -> bool:
    """«Не в среду»."""
    return line.classes[max(piece.start - 2, 0) : piece.start] == CLASS["not"] + " "


def _says_so(piece: Piece, line: Line) -> bool:
    begin = max(line.classes.rfind(sign, piece.start - _NEAR, piece.start) for sign in _SENTENCE)
    begin = max(begin + 1, piece.start - _NEAR, 0)
    return any(_VERBS.match(word) for word in line.words[begin : piece.start])
