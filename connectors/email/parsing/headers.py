"""Headers of a mail as people mean them: folded, encoded by RFC 2047 and 2231, or raw 8-bit."""

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from connectors.email.parsing.charsets import decode

# Above them a header is cut: nobody means to read on.
_LONGEST, _MOST_LINES = 64_000, 5_000
_MOST_PARAMETERS = 200

_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_USUAL = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|received|return-path|delivered-to|reply-to|sender|mime-version"
    rb"|content-[a-z-]+|dkim-signature|x-[\w-]+|in-reply-to|references|list-[a-z-]+|status|arc-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)
_WORD = re.compile(r"=\?([^?\s=()<>]{1,60})\? ?([bBqQ]) ?\?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_PARAMETER = re.compile(r"""\s*([^\s=;"]{1,100})\s*=\s*""")
_SEGMENT = re.compile(r"^(.+?)(?:\*(\d{1,4}))?(\*?)$")
_ID = re.compile(r"<\s*([^<>]{1,995}?)\s*>")
_IS_ID = re.compile(r"\S+@\S+")
_LONGEST_ID = 995
_QUOTE = re.compile(r"[\"\\]")
# After a quote they show that it closes nothing: "ООО "Ромашка"" is what people write.
_INSIDE = re.compile(r"[\w\x80-\xff\"]|\.\w")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")


class Headers:
    """A block of headers; each byte of a value is one letter, so that nothing is decoded before it is asked for."""

    def __init__(self, lines: list[tuple[str, str]], hint: str = "") -> None:
        self.lines = lines
        self.hint = hint
        self._values: dict[str, list[str]] = {}
        for name, value in lines:
            self._values.setdefault(name, []).append(value)

    def raw(self, name: str) -> str:
        """The first value of a header, unfolded and otherwise as it came; empty if there is none."""
        return self._values[name][0] if name in self._values else ""

    def all(self, name: str) -> list[str]:
        """Every value of a header, topmost first."""
        return self._values.get(name, [])

    def text(self, name: str) -> str:
        """The first value that says anything, decoded, on one line."""
        return next(filter(None, (one_line(words(value, self.hint)) for value in self.all(name))), "")

    def __contains__(self, name: str) -> bool:
        return name in self._values


class _Word(NamedTuple):
    """An encoded word and where it stands."""

    start: int
    end: int
    charset: str
    base64: bool
    payload: str


class Value(NamedTuple):
    """A header with parameters, such as Content-Type: the value in lower case, the parameters decoded."""

    value: str
    parameters: dict[str, str]


def split(block: bytes, start: int, end: int, most: int) -> tuple[Headers, int]:
    """The headers that begin at `start`, and where the body begins; of a long block `most` bytes are read."""
    lines: list[tuple[str, list[bytes]]] = []
    at = start
    while at < end:
        stop = block.find(b"\n", at, end)
        after = end if stop < 0 else stop + 1
        line = block[at : min(after, at + most)].rstrip(b"\r\n")
        if not line:
            return _headers(lines), after
        if len(lines) > _MOST_LINES or at - start > most:
            return _headers(lines), _end_of(block, at, end)
        # A line that is no header may have got between headers; mostly it is the body already.
        if not _take(line, lines) and not (lines and _USUAL.match(block, after, end)):
            return _headers(lines), at
        at = after
    return _headers(lines), end


def _take(line: bytes, lines: list[tuple[str, list[bytes]]]) -> bool:
    """Add a line to the headers; False if it is none."""
    if line[:1] in {b" ", b"\t"}:
        if lines:
            lines[-1][1].append(line)
        return bool(lines) or not line.strip()
    found = _NAME.match(line)
    if not found:
        return False
    lines.append((found[1].decode("ascii").lower(), [line[found.end() :]]))
    return True


def _end_of(block: bytes, at: int, end: int) -> int:
    """Where the body begins after headers nobody reads to their end."""
    ends = [found + len(mark) for mark in (b"\n\n", b"\n\r\n") if (found := block.find(mark, at, end)) >= 0]
    return min(ends, default=end)


def _headers(lines: list[tuple[str, list[bytes]]]) -> Headers:
    """The headers, each value unfolded."""
    return Headers([(name, b"".join(pieces)[:_LONGEST].decode("latin-1").strip()) for name, pieces in lines])


# ---- values ----


def one_line(text: str) -> str:
    """The text without line breaks and controls, so that nothing decoded can become a header of ours."""
    return _CONTROLS.sub(" ", text).strip()


def raw_text(value: str, hint: str = "") -> str:
    """The value's bytes as text, without looking for encoded words."""
    return value if value.isascii() and "\x1b" not in value else decode(value.encode("latin-1", "replace"), "", hint)


def words(value: str, hint: str = "") -> str:
    """The value with its encoded words (RFC 2047) and its raw 8-bit letters decoded."""
    if "=?" not in value:
        return _raw(value, hint)
    out: list[str] = []
    run: list[_Word] = []
    at = 0
    for word in _encoded(value):
        between = value[at : word.start]
        if run and (word.charset != run[0].charset or between.strip()):
            out.append(_decoded(run, hint))
            run = []
        if between.strip() or at == 0:
            out.append(_raw(between, hint))
        run.append(word)
        at = word.end
    return "".join([*out, _decoded(run, hint), _raw(value[at:], hint)])


def _raw(value: str, hint: str) -> str:
    if "\x1b$" in value:
        return decode(value.encode("latin-1", "replace"), "iso-2022-jp")
    return raw_text(value, hint)


def _encoded(value: str) -> Iterator[_Word]:
    """Every encoded word of the value."""
    at = 0
    while (at := value.find("=?", at)) >= 0:
        head = _WORD.match(value, at)
        if not head:
            at += 2
            continue
        end = value.find("?=", head.end())
        if end < 0:
            # Cut off by somebody who shortened the header.
            end = len(value)
            if " " in value[head.end() :]:
                return
        yield _Word(at, end + 2, head[1].lower(), head[2] in "bB", value[head.end() : end])
        at = end + 2


def _decoded(run: list[_Word], hint: str) -> str:
    """Neighbouring words of one charset, as one text: a letter may be cut in two by them."""
    if not run:
        return ""
    payloads = [word.payload.strip() for word in run if word.base64]
    whole = sum(map(len, payloads)) % 4 == 0
    if len(payloads) == len(run) and whole and any(len(one) % 4 for one in payloads):
        # Cut inside base64 even.
        data = _base64("".join(payloads))
    else:
        data = b"".join(_base64(word.payload) if word.base64 else _quoted(word.payload) for word in run)
    return decode(data, run[0].charset, hint)


def _base64(payload: str) -> bytes:
    """The bytes of base64 with whatever has got into it."""
    return b"".join(_letters(piece) for piece in payload.split("="))


def _letters(piece: str) -> bytes:
    letters = _NO_BASE64.sub("", piece)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


def _quoted(payload: str) -> bytes:
    data = payload.encode("latin-1", "replace").replace(b"_", b" ")
    return binascii.a2b_qp(data.replace(b"\n", b"").replace(b" ", b"=20"))


def ids(values: list[str], most: int) -> tuple[str, ...]:
    """Message ids without their brackets, in order, each once; of a long list the first one and the last."""
    found: dict[str, None] = {}
    for value in values:
        value = words(value) if "=?" in value else value
        bracketed = _ID.findall(value)
        bare = [] if bracketed else value.replace(",", " ").replace("<", " ").replace(">", " ").split()
        for one in bracketed or (bare if len(bare) == 1 else filter(_IS_ID.fullmatch, bare)):
            cleaned = one_line(raw_text("".join(one.split())))
            if 0 < len(cleaned) <= _LONGEST_ID:
                found.setdefault(cleaned)
    every = tuple(found)
    return every if len(every) <= most else (every[0], *every[len(every) - most + 1 :])


# ---- parameters ----


def parse_value(value: str, hint: str = "") -> Value:
    """The value and its parameters by RFC 2231, and as they are written by those who never read it."""
    main, _, rest = (words(value, hint) if value.startswith("=?") else value).partition(";")
    # A parameter may follow without any semicolon.
    main, *more = main.split(None, 1)[:2] or [""]
    rest = f"{more[0]};{rest}" if more and "=" in more[0] else rest
    main = main.strip("\"' ")
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, written in _parameters(rest):
        found = _SEGMENT.match(name)
        if not found:
            continue
        key, number, star = found[1].lower(), found[2], bool(found[3])
        if number is None and not star:
            plain.setdefault(key, written)
        else:
            pieces.setdefault(key, {}).setdefault(int(number or 0), (written, star))
    decoded = {key: one_line(words(written, hint)) for key, written in plain.items()}
    decoded |= {key: one_line(_joined(segments, hint)) for key, segments in pieces.items()}
    return Value(main.lower(), decoded)


def _parameters(rest: str) -> list[tuple[str, str]]:
    """Names and values as they are written, quotes taken off."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(rest) and len(found) < _MOST_PARAMETERS:
        head = _PARAMETER.match(rest, at)
        if not head:
            stop = rest.find(";", at)
            if stop < 0:
                break
            at = stop + 1
            continue
        value, at = _written(rest, head.end())
        found.append((head[1], value))
    return found


def _written(rest: str, at: int) -> tuple[str, int]:
    """A parameter's value, and where the next one begins."""
    if rest[at : at + 1] == '"':
        value, end = unquoted(rest, at)
        following = re.compile(r"[\s;]*").match(rest, end)
        return value, following.end() if following else end
    stop = rest.find(";", at)
    # A semicolon inside an encoded word ends nothing.
    stop = len(rest) if stop < 0 else stop
    value = rest[at:stop].strip()
    return value, stop + 1


def unquoted(text: str, at: int) -> tuple[str, int]:
    """The quoted string that begins at `at`, and where it ends; one that never ends goes on to the end."""
    out: list[str] = []
    start = at + 1
    while sign := _QUOTE.search(text, start):
        end = sign.start()
        out.append(text[start:end])
        following = text[end + 1 : end + 2]
        if sign[0] == "\\":
            # A path of Windows is no row of escapes.
            out.append(following if following in {'"', "\\"} else "\\" + following)
            start = end + 2
        elif _INSIDE.match(text, end + 1) and text.find('"', end + 1) >= 0:
            out.append('"')
            start = end + 1
        else:
            return "".join(out), end + 1
    return "".join([*out, text[start:]]), len(text)


def _joined(segments: dict[int, tuple[str, bool]], hint: str) -> str:
    """The segments of a parameter (RFC 2231) in their order; a letter may be cut in two by them."""
    ordered = [segments[number] for number in sorted(segments)]
    charset, data = "", b""
    for number, (written, star) in enumerate(ordered):
        if star and number == 0 and written.count("'") >= 2:
            charset, _, written = written.split("'", 2)
        data += unquote_to_bytes(written.encode("latin-1", "replace")) if star else written.encode("latin-1", "replace")
    if b"=?" in data and not charset:
        return words(data.decode("latin-1"), hint)
    return decode(data, charset, hint)
