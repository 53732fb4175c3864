"""The parts of a mail: one iterative walk over its bytes, bounded in depth, number and work."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from connectors.email.parsing.headers import Headers, Value, parse_value, split

MOST_PARTS, DEEPEST = 1_000, 50
_HEADER_BLOCK, _PART_HEADERS = 256 * 1024, 32 * 1024
# How often, on the average, each byte may be looked at for boundaries.
_LOOKS = 12

_LOOKS_LIKE_BOUNDARY = re.compile(
    rb"(?:^|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?:content-[a-z-]+[ \t]*:|\r?\n)", re.IGNORECASE
)
_TOKEN = re.compile(r"[\w.+-]+/[\w.+-]+")
_HEADS = re.compile(
    rb"(?:received|return-path|from|to|date|subject|message-id|mime-version|content-type|x-[\w-]+|delivered-to|reply-to"
    rb"|dkim-signature)[ \t]*:",
    re.IGNORECASE,
)


class Part(NamedTuple):
    """One leaf: its headers, where its bytes stand, and where in the mail it hangs."""

    headers: Headers
    type: str
    parameters: dict[str, str]
    disposition: Value
    start: int
    end: int
    # Which choice of the same content it belongs to (multipart/alternative), 0 for none.
    choice: int = 0
    container: str = ""
    first: bool = True


class _Node(NamedTuple):
    start: int
    end: int
    depth: int
    choice: int
    container: str
    first: bool


class Walk:
    """A mail as its headers and its leaves; `containers` are the multiparts met, `complaints` what was left out."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.headers, self.start = split(data, _beginning(data), len(data), _HEADER_BLOCK)
        self.containers: list[Value] = []
        self.complaints: dict[str, None] = {}
        self._looks = _LOOKS * len(data) + 1_000_000
        self._choices = 0
        self._met = 0

    def leaves(self) -> Iterator[Part]:
        """The leaves in their order."""
        first = self._part(self.headers, _Node(self.start, len(self.data), 0, 0, "", True), self.start)
        stack = self._opened(first, 0)
        if stack is None:
            yield self._leaf(first)
            return
        while stack:
            node = stack.pop()
            if self._met >= MOST_PARTS:
                self.complaints["parts"] = None
                return
            self._met += 1
            headers, start = split(self.data, node.start, node.end, _PART_HEADERS)
            part = self._part(headers, node, start)
            children = self._opened(part, node.depth)
            if children is None:
                yield self._leaf(part)
            else:
                stack += children

    def _part(self, headers: Headers, node: _Node, start: int) -> Part:
        content = content_of(headers)
        disposition = parse_value(headers.raw("content-disposition"), content.parameters.get("charset", ""))
        default = "message/rfc822" if node.container == "multipart/digest" else "text/plain"
        named = "filename" in disposition.parameters or "name" in content.parameters
        kind = content.value if _TOKEN.fullmatch(content.value) else _mended(content.value, default, named)
        return Part(
            headers, kind, content.parameters, disposition, start, node.end, node.choice, node.container, node.first
        )

    def _leaf(self, part: Part) -> Part:
        """A multipart without any parts is read as text: something may be in it."""
        empty = part.type.startswith("multipart/") and "depth" not in self.complaints
        return part._replace(type="text/plain", parameters={}) if empty else part

    def _opened(self, part: Part, depth: int) -> list[_Node] | None:
        """The children of a multipart, last one first; None if the part is a leaf."""
        if not part.type.startswith("multipart/"):
            return None
        if depth >= DEEPEST or self._looks <= 0:
            self.complaints["depth"] = None
            return None
        ranges = self._ranges(part)
        if not ranges:
            return None
        self.containers.append(Value(part.type, part.parameters))
        choice = part.choice
        if part.type == "multipart/alternative" and not choice:
            self._choices += 1
            choice = self._choices
        return [
            _Node(start, end, depth + 1, choice, part.type, number == 0)
            for number, (start, end) in reversed(list(enumerate(ranges)))
        ]

    def _ranges(self, part: Part) -> list[tuple[int, int]]:
        boundary = part.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        most = MOST_PARTS - self._met + 1
        self._looks -= part.end - part.start
        ranges = _cut(self.data, part.start, part.end, boundary, most) if boundary else []
        if not ranges and (
            guessed := _LOOKS_LIKE_BOUNDARY.search(self.data, max(part.start - 1, 0), min(part.end, part.start + 65536))
        ):
            ranges = _cut(self.data, part.start, part.end, guessed[1], most)
        return ranges


def content_of(headers: Headers) -> Value:
    """What the part says it is; of several such headers the first that names a type."""
    found = [parse_value(value) for value in headers.all("content-type")[:4]]
    return next((one for one in found if _TOKEN.fullmatch(one.value)), found[0] if found else Value("", {}))


def _mended(value: str, default: str, named: bool) -> str:
    """A type for a part whose own makes no sense."""
    if value.startswith("text"):
        return "text/html" if "html" in value else "text/plain"
    if value.startswith("multipart"):
        return "multipart/mixed"
    return "application/octet-stream" if value or named else default


def _beginning(data: bytes) -> int:
    """Where the headers begin: after a mark of order, the line of an mbox, blank lines somebody put before them."""
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    if data.startswith((b"From ", b">From "), at):
        stop = data.find(b"\n", at, at + 1000)
        at = stop + 1 if stop > 0 else at
    blank = re.compile(rb"[\r\n]{1,1000}").match(data, at)
    return blank.end() if blank and _HEADS.match(data, blank.end()) else at


def _cut(data: bytes, start: int, end: int, boundary: bytes, most: int) -> list[tuple[int, int]]:
    """The ranges between the boundary's lines; the last one goes to the end if nothing closes it."""
    mark = b"--" + boundary
    ranges: list[tuple[int, int]] = []
    opened, at = -1, start
    while len(ranges) < most and (at := data.find(mark, at, end)) >= 0:
        after, closes = _line_end(data, at + len(mark), end)
        if after < 0 or not (at == start or data[at - 1 : at] in {b"\n", b"\r"}):
            at += len(mark)
            continue
        if opened >= 0:
            ranges.append((opened, _without_break(data, opened, at)))
        opened = -1 if closes else after
        at = after
    # A boundary at the very end opens nothing; it should have closed.
    if 0 <= opened < end and data[opened:end].strip():
        ranges.append((opened, end))
    return ranges


def _line_end(data: bytes, at: int, end: int) -> tuple[int, bool]:
    """Where the line after a boundary ends, and whether it closes; -1 if the line goes on with something else."""
    closes = data.startswith(b"--", at)
    at += 2 if closes else 0
    while at < end and data[at] in b" \t":
        at += 1
    if at >= end:
        return end, closes
    if data[at] not in b"\r\n":
        return (at, True) if closes else (-1, False)
    return at + (2 if data.startswith(b"\r\n", at) else 1), closes


def _without_break(data: bytes, start: int, end: int) -> int:
    """The line break before a boundary belongs to the boundary."""
    if end > start and data[end - 1] == 10:
        end -= 1
    if end > start and data[end - 1] == 13:
        end -= 1
    return end
