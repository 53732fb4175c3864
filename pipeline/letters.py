"""Letters: what each call of a reply carries, cut to what its channel can take."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from connectors.abilities import Find, Signals
from connectors.base import Button, Limits, Part, Span
from connectors.markdown import from_markdown
from connectors.markup import from_html, piece, to_html, written_out
from connectors.registry import Channels
from dialogs.writing import Draft
from errors import Invalid

# Where a long text is best cut, the best first: after a paragraph, a line, a sentence, a word.
_SEAMS = tuple(re.compile(seam) for seam in (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s", r"\s"))
# A seam in the first part of a piece would leave it too short to be worth it.
_AT_LEAST = 0.5
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


class Enclosed(Protocol):
    """A file as far as it matters here; `size` in bytes."""

    @property
    def type(self) -> str:
        """Its media type."""

    @property
    def size(self) -> int:
        """How large it is."""


def formatted(draft: Draft, html: str | None, markdown: str | None = None) -> Draft:
    """The draft with the text and looks that one of the two has, cleaned; as it is without them."""
    if markdown is not None:
        text, spans = from_markdown(markdown)
    elif html is not None:
        text, spans = from_html(html)
    else:
        return draft
    return draft._replace(text=text, html=to_html(text, spans) if spans else None, spans=spans)


def split(channels: Channels, channel: str, draft: Draft, files: Sequence[Enclosed]) -> list[Part]:
    """The parts of a reply in the order they are to arrive.

    Files go with the last piece of the text, as far as they go together and it fits; buttons are below the last words.
    Raises dialogs.errors.Invalid for a channel that is not open and for what it cannot carry.
    """
    if channel not in channels:
        raise Invalid(f"channel: {channel} is not open.", field="channel")
    limits = channels[channel].limits
    _check_files(channel, limits, files)
    texts = _texts(draft, limits)
    groups = list(_groups(limits, [file.type for file in files]))
    _check_groups(channel, limits, [[files[at].size for at in group] for group in groups])
    if draft.buttons and limits.buttons:
        # An album has no room for them: they stand below words of their own.
        if not texts:
            raise Invalid("buttons: they need a text to stand below.", field="buttons")
        rows = msgspec.convert(draft.buttons, tuple[tuple[Button, ...], ...])
        texts[-1] = msgspec.structs.replace(texts[-1], buttons=rows)
        return [Part("", group) for group in groups] + texts
    room = limits.text if limits.caption is None else limits.caption
    if groups and texts and len(texts[-1].text) <= room:
        texts[-1] = msgspec.structs.replace(texts[-1], files=groups.pop(0))
    return (texts + [Part("", group) for group in groups]) or [Part("")]


def can(channels: Channels, channel: str, what: str) -> bool:
    """Whether the channel has a form for it: edit, delete and quote are of letters, all else are signals.

    `find` is whether a letter whose call had no known end can be looked for, or called once more without harm.
    """
    if channel not in channels:
        return False
    connector = channels[channel]
    if what == "find":
        return connector.limits.idempotent or isinstance(connector, Find)
    of_letters = {"edit": connector.limits.edits, "delete": connector.limits.deletes, "quote": connector.limits.quotes}
    if what in of_letters:
        return of_letters[what]
    return isinstance(connector, Signals) and what in connector.signals


def cuts(text: str, limit: int) -> Iterator[tuple[int, int]]:
    """Where the pieces of the text begin and end, each of at most `limit` characters; only white space is lost."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    while end - start > limit:
        at = start + _seam(text[start:end], limit)
        yield start, len(text[:at].rstrip())
        start = end - len(text[at:end].lstrip())
    if start < end:
        yield start, end


def _texts(draft: Draft, limits: Limits) -> list[Part]:
    text = draft.text if limits.formats else written_out(draft.text, draft.spans)
    if draft.buttons and not limits.buttons:
        # What a channel has no form for is said in words.
        lines = [_line(each) for row in draft.buttons for each in row]
        text = "\n".join([text, "", *lines]) if text else "\n".join(lines)
    spans: Sequence[Span] = draft.spans if limits.formats else ()
    return [Part(text[start:end], spans=piece(spans, start, end)) for start, end in cuts(text, limits.text)]


def _line(button: dict[str, str]) -> str:
    return f"• {button['text']}: {button['url']}" if button.get("url") else f"• {button['text']}"


def _groups(limits: Limits, types: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """The files that go together, by their positions."""
    together: dict[int, list[int]] = {}
    for at, kind in enumerate(types):
        # A file that goes with no others has a group of its own, below all numbers.
        together.setdefault(_group(limits, kind, -1 - at), []).append(at)
    for members in together.values():
        for first in range(0, len(members), limits.files or 1):
            yield tuple(members[first : first + limits.files])


def _group(limits: Limits, kind: str, alone: int) -> int:
    if not limits.groups:
        return 0
    fits = (at for at, group in enumerate(limits.groups) if any(_is_of(kind, each) for each in group))
    return next(fits, alone)


def _is_of(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted) if wanted.endswith("/") else kind == wanted


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


def _check_files(channel: str, limits: Limits, files: Sequence[Enclosed]) -> None:
    if files and not limits.files:
        raise Invalid(f"files: the channel {channel} carries none.", field="files")
    if any(file.size > limits.file for file in files):
        raise Invalid(f"files: the channel {channel} carries at most {limits.file} bytes each.", field="files")


def _check_groups(channel: str, limits: Limits, groups: Sequence[Sequence[int]]) -> None:
    if limits.together is not None and any(sum(sizes) > limits.together for sizes in groups):
        told = f"files: the channel {channel} carries at most {limits.together} bytes together."
        raise Invalid(told, field="files")
