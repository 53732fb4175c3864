"""Letters: what each call of a reply carries, cut to what its channel can take."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from connectors.base import Limits, Part
from connectors.registry import Channels
from dialogs.errors import Invalid

# Where a long text is best cut, the best first: after a paragraph, a line, a sentence, a word.
_SEAMS = tuple(re.compile(seam) for seam in (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s", r"\s"))
# A seam in the first part of a piece would leave it too short to be worth it.
_AT_LEAST = 0.5
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


def split(channels: Channels, channel: str, text: str, sizes: Sequence[int]) -> list[Part]:
    """The parts of a reply in the order they are to arrive; `sizes` are those of its files, in bytes.

    Files go with the last piece of the text, as many as fit, the others after it. Raises dialogs.errors.Invalid for a
    channel that is not open and for files it cannot carry.
    """
    if channel not in channels:
        raise Invalid(f"channel: {channel} is not open.", field="channel")
    limits = channels[channel].limits
    _check_files(channel, limits, sizes)
    texts = list(pieces(text, limits.text)) or [""]
    groups = [tuple(range(at, min(at + limits.files, len(sizes)))) for at in range(0, len(sizes), limits.files or 1)]
    parts = [Part(piece) for piece in texts[:-1]]
    parts.append(Part(texts[-1], groups[0] if groups else ()))
    return parts + [Part("", group) for group in groups[1:]]


def pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most `limit` characters; only white space at the seams is lost."""
    text = text.strip()
    while len(text) > limit:
        at = _seam(text, limit)
        yield text[:at].rstrip()
        text = text[at:].lstrip()
    if text:
        yield text


def _seam(text: str, limit: int) -> int:
    for seam in _SEAMS:
        ends = [found.start() for found in seam.finditer(text, 0, limit + 1) if found.start() >= limit * _AT_LEAST]
        if ends:
            return ends[-1]
    at = limit
    # A letter and its accents, and an emoji made of several, stay together.
    while at > 1 and (unicodedata.combining(text[at]) or text[at] in _JOINERS or text[at - 1] in _JOINERS):
        at -= 1
    return at if at > 1 else limit


def _check_files(channel: str, limits: Limits, sizes: Sequence[int]) -> None:
    if sizes and not limits.files:
        raise Invalid(f"files: the channel {channel} carries none.", field="files")
    if any(size > limits.file for size in sizes):
        raise Invalid(f"files: the channel {channel} carries at most {limits.file} bytes each.", field="files")
