"""The sender's own new words in a mail: quotes, their headers and signatures are cut, and can be unfolded."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from connectors.email.pages.flatten import Flat, flattened
from connectors.email.quoting.beginnings import Beginning, beginnings, is_forward
from connectors.email.quoting.intros import is_intro
from connectors.email.quoting.lines import Line, lines_of
from connectors.email.quoting.signatures import endings

# Nobody writes more by himself: what is behind it stays as it is, or goes with the quote that it is part of.
_MOST = 256_000
_SHORTEST_WRAPPED = 65
_LINK = re.compile(r"[(<\[]?https?://", re.IGNORECASE)
_FORWARDS = re.compile(
    r"\s*(?:fwd?|fw|wg|tr|rv|enc|vb|pd|i|пересл\w*|перенапр\w*|пер|转发|轉寄|转发邮件)\.?\s?(?:\[\d+\])?\s?[:：]",
    re.IGNORECASE,
)
_BLANK_LINES = re.compile(r"\s*[\r\n]")


class Own(NamedTuple):
    """The new words, and the stretches [start, end) of the full text, in code points, that are not shown."""

    text: str
    cuts: tuple[tuple[int, int], ...]


def own_words(text: str, html: str = "", subject: str = "") -> tuple[str, Own]:
    """The full text of a mail, taken from its HTML if it has no plain one, and what of it is new.

    Outlook heads what is forwarded like what is answered: only the subject tells which it was.
    """
    flat = Flat(text, ()) if text.strip() or not html else flattened(html)
    lines = lines_of(flat.text[:_MOST], flat.stretches)
    rest = next((stretch.start for stretch in flat.stretches if stretch.mark == "rest"), _MOST)
    hidden = _Walk(lines, rest, _FORWARDS.match(subject) is not None).hidden()
    # A mail of nothing but quotes is shown as it is.
    own = any(line.words and number not in hidden for number, line in enumerate(lines))
    cuts = list(_spans(lines, hidden)) if own else []
    if cuts and cuts[-1][1] == _MOST:
        cuts[-1] = (cuts[-1][0], len(flat.text))
    return flat.text, Own(_left(flat.text, cuts), tuple(cuts))


class _Walk:
    """One pass over the lines, from top to bottom."""

    def __init__(self, lines: Sequence[Line], rest: int, forwards: bool) -> None:
        self._lines = lines
        self._beginnings = beginnings(lines)
        self._rest = next((number for number, line in enumerate(lines) if line.start >= rest), len(lines))
        self._last_own = max(
            (number for number, line in enumerate(lines) if line.words and not line.quoted), default=-1
        )
        self._forwards = forwards
        self._forward = len(lines)
        self._contents = self._find_contents()
        self._hidden: set[int] = set()
        # Whether words of the sender's stand above, and whether a line said that a quote begins.
        self._own = self._led = False
        # Whether the last of them said that something follows.
        self._announced = False

    def hidden(self) -> set[int]:
        """The numbers of the lines that are not shown."""
        at = 0
        while at < self._forward:
            at = self._step(at)
        shown = (number for number in range(min(self._forward, len(self._lines))) if number not in self._hidden)
        for _, stretch in groupby(enumerate(shown), _distance):
            self._hidden |= endings(self._lines, [number for _, number in stretch])
        return self._hidden

    def _step(self, at: int) -> int:
        """Look at a line; the number of the next one."""
        line = self._lines[at]
        beginning = self._beginnings.get(at)
        if at >= self._rest and self._own and not self._forwards:
            return self._hide(at, len(self._lines))
        if line.quoted and is_forward(line.words) and not self._led:
            self._forward = at
        elif line.depth or line.mark == "quote":
            return self._quote(at)
        elif beginning and beginning.kind == "forward":
            self._forward = at
        elif beginning:
            return self._begin(beginning)
        if line.words:
            self._own = True
            self._announced = line.words.endswith(":")
        return at + 1

    def _begin(self, beginning: Beginning) -> int:
        """A line that says a quote begins, if it does."""
        first, after, kind = beginning
        content = self._contents[after]
        if content < len(self._lines) and self._is_quote(self._lines[content], kind):
            self._led = True
            return self._hide(first, self._end_of_quote(content))
        if kind == "sure" and (self._announced or self._forwards):
            # Who writes "here is what you said:" wants it to be read.
            self._forward = first
            return after
        if kind == "sure" and self._own:
            return self._hide(first, len(self._lines))
        # With nothing above it nobody knows where the quote ends: all is shown.
        if kind != "sure":
            self._own, self._announced = True, self._lines[after - 1].words.endswith(":")
        return after

    def _find_contents(self) -> list[int]:
        """For each line the first one, from it on, that is no header of a quote."""
        contents = list(range(len(self._lines) + 1))
        for at in range(len(self._lines) - 1, -1, -1):
            line = self._lines[at]
            if not line.words:
                contents[at] = contents[at + 1]
            elif at in self._beginnings and not line.quoted:
                contents[at] = contents[self._beginnings[at].after]
        return contents

    def _is_quote(self, line: Line, kind: str) -> bool:
        return line.depth > 0 or line.mark == "quote" or (line.mark == "maybe" and kind != "if marked")

    def _quote(self, at: int) -> int:
        """Marked lines without a header: they go if they end the mail, or are marked for sure."""
        line = self._lines[at]
        end = self._end_of_quote(at)
        self._led = self._led or is_intro(line.words)
        if self._led or line.mark == "quote" or (self._own and end > self._last_own):
            return self._hide(at, end)
        return end

    def _end_of_quote(self, at: int) -> int:
        end = at
        while at < len(self._lines):
            line = self._lines[at]
            if line.quoted or self._is_wrapped(at):
                end = at + 1
            elif line.words and at not in self._beginnings:
                break
            at += 1
        return end

    def _is_wrapped(self, at: int) -> bool:
        """Whether the line is the end of the quoted one above it, which was broken on its way."""
        if not 0 < at < len(self._lines) - 1 or not (self._lines[at - 1].depth and self._lines[at + 1].depth):
            return False
        above, words = self._lines[at - 1], self._lines[at].words
        if _LINK.match(words):
            return True
        long = above.end - above.start > _SHORTEST_WRAPPED
        return long and words[:1].islower() and not above.words.endswith((".", "?", "!", ":", ";"))

    def _hide(self, first: int, after: int) -> int:
        while first and not self._lines[first - 1].words and first - 1 not in self._hidden:
            first -= 1
        self._hidden.update(range(first, after))
        return after


def _distance(pair: tuple[int, int]) -> int:
    return pair[1] - pair[0]


def _spans(lines: Sequence[Line], hidden: set[int]) -> Iterator[tuple[int, int]]:
    for _, stretch in groupby(enumerate(sorted(hidden)), _distance):
        numbers = [number for _, number in stretch]
        yield lines[numbers[0]].start, lines[numbers[-1]].end


def _left(text: str, cuts: Sequence[tuple[int, int]]) -> str:
    """The text without the cuts, and without the blank lines that stood around them."""
    ends = [0, *(end for _, end in cuts)]
    starts = [*(start for start, _ in cuts), len(text)]
    left = (_trimmed(text[begin:end]) for begin, end in zip(ends, starts, strict=True))
    return "\n\n".join(piece for piece in left if piece)


def _trimmed(text: str) -> str:
    begins = _BLANK_LINES.match(text)
    return text[begins.end() if begins else 0 :].rstrip()
