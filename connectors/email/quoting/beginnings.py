"""Where in a mail somebody else's words begin: the lines that mail programs put above a quote."""

import re
from collections.abc import Sequence, Set
from typing import Literal, NamedTuple

from connectors.email.quoting import wording
from connectors.email.quoting.intros import (
    DATE,
    EMAIL,
    LONGEST,
    TIME,
    IntroKind,
    intro_kind,
    is_between_dashes,
    opens_intro,
)
from connectors.email.quoting.lines import Line

# A forward is kept; the other kinds begin a quote.
BeginningKind = IntroKind | Literal["forward"]

_MOST_INTRO_LINES, _MOST_BLOCK_LINES, _MOST_GAP = 4, 14, 3
_LONGEST_NAME, _LONGEST_PHRASE = 30, 120
_DASHES = "-_=*–—<>#+~ "
_DECORATED = ("--", "__", "==", "——", "––", "<--")
_ABOVE_THIS_LINE = re.compile(wording.any_of(wording.ABOVE_THIS_LINE))
_ADDRESS = re.compile(r"[<\[](?:mailto:)?[^\s<>@]{1,64}@[^\s<>@]{1,255}[>\]]\W*$")
_LABEL = re.compile(r"[^\W\d][^:]{0,24}:\s?\S")
_HEADERS = {name: kind for kind, names in wording.HEADERS.items() for name in names}
_ON_ONE_LINE = {
    kind: re.compile(rf"(?<!\w)(?:{wording.any_of(names)})\s?:", re.IGNORECASE)
    for kind, names in wording.HEADERS.items()
}


class Beginning(NamedTuple):
    """The lines [first, after) above a quote."""

    first: int
    after: int
    kind: BeginningKind


_Found = dict[int, Beginning]


def beginnings(lines: Sequence[Line]) -> dict[int, Beginning]:
    """All that stand on unquoted lines, by the line they begin on."""
    headers = [_header_of(line.words) if line.words else "" for line in lines]
    found: _Found = {}
    for first in range(len(lines) - 1, -1, -1):
        line = lines[first]
        if line.blank or line.depth or line.mark == "quote":
            continue
        beginning = _phrase(line, first) or _block(lines, first, headers, found) or _intro(lines, first, found)
        if beginning:
            found[first] = beginning
    return found


def is_forward(words: str) -> bool:
    """Whether the line announces a forwarded mail."""
    return _is_phrase(words, wording.FORWARDED)


# ---- "-----Original Message-----" ----


def _phrase(line: Line, first: int) -> Beginning | None:
    if not line.words or len(line.words) > _LONGEST_PHRASE:
        return None
    if is_forward(line.words):
        return Beginning(first, first + 1, "forward")
    if _is_phrase(line.words, wording.ORIGINAL) or _ABOVE_THIS_LINE.search(line.words.lower()):
        return Beginning(first, first + 1, "sure")
    return None


def _is_phrase(words: str, phrases: frozenset[str]) -> bool:
    if len(words) > _LONGEST_PHRASE:
        return False
    bare = words.strip(_DASHES).rstrip(":： ").lower()
    return bare in phrases or (words.startswith(_DECORATED) and bare.startswith(tuple(phrases)))


# ---- From, Sent, To, Subject ----


def _block(lines: Sequence[Line], first: int, headers: Sequence[str], found: _Found) -> Beginning | None:
    """Lines of a mail's header, however they are wrapped."""
    if lines[first].rule:
        return _unknown_block(lines, first) or _block_above_intro(lines, first, headers, found)
    near = headers[first : first + _MOST_BLOCK_LINES]
    if not headers[first] or not ("from" in near or "date" in near):
        return None
    kinds: set[str] = set()
    after, missed = first, 0
    for at in range(first, min(first + _MOST_BLOCK_LINES, len(lines))):
        if headers[at] and lines[at].quoted == lines[first].quoted:
            kinds.add(headers[at])
            after = at + 1
        elif "from" not in kinds or not _continues(lines, at):
            missed += 1
        if at - after >= _MOST_GAP or missed > ("from" in kinds):
            break
    if _is_header(lines[first:after], kinds):
        while after < len(lines) and lines[after].indented and not lines[after].quoted:
            after += 1
        return Beginning(first, after, "sure")
    return Beginning(first, first + 1, "sure") if _is_header_line(lines[first].words) else None


def _header_of(words: str) -> str:
    """What the line of a header holds; nothing for any other line."""
    at = words.find(":", 0, _LONGEST_NAME)
    if at < 0:
        at = words.find("：", 0, _LONGEST_NAME)
    return _HEADERS.get(words[:at].strip("_| ").lower(), "") if at > 0 else ""


def _continues(lines: Sequence[Line], at: int) -> bool:
    """Whether the line can be the rest of a header's line: more addresses, or what had no room beside its name."""
    words, above = lines[at].words, lines[at - 1].words
    return not words or "@" in words or above.endswith((",", ";", ":", "："))


def _is_header(block: Sequence[Line], kinds: Set[str]) -> bool:
    """Whether it holds what every mail's header does: an address, or a date with a time; of a short one, both."""
    words = " ".join(line.words[:LONGEST] for line in block)
    address, when = "@" in words, DATE.search(words) is not None and TIME.search(words) is not None
    if "from" in kinds and len(kinds) > 2:
        return address or when
    if len(kinds) < 2 or kinds.isdisjoint({"from", "date"}):
        return False
    return (address and when) or ("from" in kinds and _ADDRESS.search(block[0].words) is not None)


def _is_header_line(words: str) -> bool:
    """Whether a whole header stands on the one line."""
    if len(words) > 2 * LONGEST or "@" not in words or not _ON_ONE_LINE["from"].match(words):
        return False
    return all(pattern.search(words) for pattern in _ON_ONE_LINE.values())


def _unknown_block(lines: Sequence[Line], first: int) -> Beginning | None:
    """A header in a language nobody told us about, below a rule."""
    begins = first + 1
    while begins < min(first + _MOST_GAP, len(lines)) and lines[begins].blank:
        begins += 1
    after = begins
    while after < min(begins + 8, len(lines)) and _LABEL.match(lines[after].words):
        after += 1
    words = " ".join(line.words[:LONGEST] for line in lines[begins:after])
    if after - begins > 2 and EMAIL.search(words) and DATE.search(words) and TIME.search(words):
        return Beginning(first, after, "sure")
    return None


def _block_above_intro(lines: Sequence[Line], first: int, headers: Sequence[str], found: _Found) -> Beginning | None:
    """A rule, and lines of a header between it and who wrote when: so does Yandex."""
    after = first + 1
    while after < min(first + _MOST_INTRO_LINES, len(lines)) and headers[after]:
        after += 1
    intro = found.get(after) if after > first + 1 else None
    return Beginning(first, intro.after, intro.kind) if intro and intro.kind != "forward" else None


# ---- "On …, … wrote:" ----


def _intro(lines: Sequence[Line], first: int, found: _Found) -> Beginning | None:
    """A line, often broken in two or three, that says who wrote when."""
    low = lines[first].words.lower()
    if is_between_dashes(low):
        return Beginning(first, first + 1, "sure")
    joined = low = low.lstrip("-—<[( ")
    opens = opens_intro(low)
    above = first == 0 or lines[first - 1].blank or lines[first - 1].quoted
    weak = None
    for after in range(first + 1, min(first + _MOST_INTRO_LINES, len(lines)) + 1):
        if after > first + 1:
            line = lines[after - 1]
            if not opens or not _goes_on(low, line, lines[first], after - 1 in found):
                break
            joined = f"{joined} {line.words.lower()}"
        if len(joined) > LONGEST:
            break
        kind = intro_kind(joined, opens, above)
        if kind == "sure":
            return Beginning(first, after, kind)
        weak = weak or (Beginning(first, after, kind) if kind else None)
    return weak


def _goes_on(low: str, line: Line, first: Line, begins: bool) -> bool:
    """Whether the line can be the next one of a header that began with `low`, and begins none of its own."""
    if not line.words or line.quoted != first.quoted:
        return False
    return not begins or (TIME.search(low) is not None and not opens_intro(line.words.lower()))
