"""Zones: which lines of a message are its writer's own, and which are quoted, forwarded or a signature."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# What is looked at of one message, in code points; that there is more is told by a task to read on.
MOST = 16_384

_SIGNATURE = re.compile(
    r"(?:--|—|-- |_{3,})\s*$"
    r"|(?:с уважением|с наилучшими пожеланиями|искренне ваш|всего доброго|"
    r"best regards|kind regards|warm regards|regards|sincerely|yours (?:truly|sincerely|faithfully)|cheers|best|"
    r"many thanks|thanks|thank you|отправлено с|отправлено из|sent from my)\b[^\n?]{0,40}$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:--|—|_{3,})\s*$|(?:с уважением|с наилучшими|искренне|best|kind|warm|regards|sincerely|yours)\b", re.IGNORECASE
)
_FORWARDED = re.compile(
    r"\W{0,40}(?:переслан\w+|пересылаемое|исходное|forwarded|original|begin forwarded)\s+(?:сообщени\w|письм\w|message)"
    r"|(?:from|от кого|от):\s.{0,200}@",
    re.IGNORECASE,
)
_QUOTE_HEAD = re.compile(r".{0,120}(?:пишет|написал\(?а?\)?|wrote)\s*:\s*$", re.IGNORECASE)


class Line(NamedTuple):
    """A line of the writer's own; code points of the text."""

    start: int
    end: int


def own_lines(text: str) -> list[Line]:
    """The writer's own lines, without quotes, what is forwarded, and the signature."""
    lines = list(_lines(text[:MOST]))
    own: list[Line] = []
    for number, line in enumerate(lines):
        said = text[line.start : line.end].strip()
        if said.startswith((">", "|>")) or (
            own and _QUOTE_HEAD.match(said) and _quoted_below(text, lines[number + 1 :])
        ):
            continue
        if _FORWARDED.match(said):
            break
        if own and _ends(said, len(lines) - number):
            break
        if said:
            own.append(line)
    return own


def _ends(said: str, left: int) -> bool:
    """Whether the signature begins here: a short closing line, with not much below it."""
    return (
        left <= 12
        and len(said) <= 60
        and _SIGNATURE.match(said) is not None
        and (left == 1 or _CLOSING.match(said) is not None or "," in said[-2:])
    )


def _quoted_below(text: str, lines: list[Line]) -> bool:
    return any(text[line.start : line.end].lstrip().startswith(">") for line in lines[:2])


def _lines(text: str) -> Iterator[Line]:
    at = 0
    for part in text.split("\n"):
        yield Line(at, at + len(part))
        at += len(part) + 1
