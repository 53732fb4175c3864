"""What is in a part: transfer encodings undone, flowed lines joined, files of older days taken out of the text."""

import binascii
import re
from typing import NamedTuple

_BASE64_BREAKS = b"\r\n \t"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NO_BASE64 = bytes(set(range(256)) - set(_BASE64[:-1]))
_FOLDED = re.compile(rb"=[ \t]*(?:\r?\n|$)")
_BEGIN = re.compile(r"^begin(-base64)? [0-7]{3,4} ([^\n]{1,255})\n", re.MULTILINE)
_UU_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} [^\n]*\n", re.MULTILINE)
_UU_LINE, _BASE64_LINE = re.compile(r"[ -`]{1,90}"), re.compile(r"[A-Za-z0-9+/=]{1,90}")
_MOST_UU = 50


class Enclosed(NamedTuple):
    """A file found inside the text."""

    name: str
    data: bytes


def decoded(data: bytes, encoding: str) -> bytes:
    """The part's own bytes; an encoding nobody knows is none."""
    name = encoding.strip(" \t\"'").lower()
    if name.startswith(("base64", "base-64", "b64")):
        return _base64(data)
    if name.startswith(("quoted", "q-p", "qp")):
        return binascii.a2b_qp(_FOLDED.sub(b"=\n", data))
    if name.startswith(("x-uu", "uu", "x-uue")):
        return uudecoded(data)
    return data


def _base64(data: bytes) -> bytes:
    """Base64 with whatever has got into it; text that never was base64 stays as it is."""
    solid = data.translate(None, _BASE64_BREAKS)
    strange = len(solid.translate(None, _BASE64))
    body = solid.rstrip(b"=")
    if not strange and b"=" not in body and len(body) % 4 != 1:
        return binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    if b"-" in solid or b"_" in solid:
        url = solid.translate(bytes.maketrans(b"-_", b"+/"))
        if not url.translate(None, _BASE64):
            return _unpadded(url.rstrip(b"="))
    if strange * 10 > len(solid) and b" " in data.strip():
        return data
    return b"".join(_pieces(data)) or data


def _pieces(data: bytes) -> list[bytes]:
    """Each run up to its padding by itself; lines that are no base64 (a list's footer) are passed over."""
    pieces: list[bytes] = []
    run: list[bytes] = []
    for line in data.splitlines():
        letters, padding, _ = line.strip().partition(b"=")
        if b" " in letters and letters.translate(None, _BASE64 + b" "):
            continue
        run.append(letters)
        if padding:
            pieces.append(_unpadded(b"".join(run)))
            run = []
    return [*pieces, _unpadded(b"".join(run))]


def _unpadded(letters: bytes) -> bytes:
    # What is no letter of base64 is passed over by the decoder, and must not count for the padding.
    letters = letters.translate(None, _NO_BASE64)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def uudecoded(data: bytes) -> bytes:
    """A uuencoded file; as it came if it is none."""
    data = data.replace(b"\r\n", b"\n")
    begin = _UU_BEGIN.search(data)
    if begin and begin[1]:
        return _base64(data[begin.end() :].partition(b"\n====")[0])
    out = [
        _uu_line(line)
        for line in data[begin.end() if begin else 0 :].split(b"\n")
        if line.strip() not in {b"`", b"end", b""}
    ]
    good = [line for line in out if line is not None]
    return b"".join(good) if good and len(good) * 2 > len(out) else data


def _uu_line(line: bytes) -> bytes | None:
    """One line's bytes; None if it cannot be one."""
    size = (line[0] - 32) & 63
    if not 32 < line[0] <= 96 or len(line) > size * 4 // 3 + 9:
        return None
    # Some fill the last letters with anything, or add one for a checksum.
    for shortened in (line, line[: (size * 4 + 5) // 3]):
        try:
            return binascii.a2b_uu(shortened)
        except binascii.Error:
            continue
    return None


def take_files(text: str) -> tuple[str, list[Enclosed]]:
    """The text without the uuencoded files in it, and those."""
    if "begin" not in text:
        return text, []
    kept: list[str] = []
    files: list[Enclosed] = []
    at = 0
    while len(files) < _MOST_UU and (begin := _BEGIN.search(text, at)):
        stop = _uu_end(text, begin.end(), _BASE64_LINE if begin[1] else _UU_LINE)
        if stop < 0:
            kept.append(text[at : begin.end()])
            at = begin.end()
            continue
        kept.append(text[at : begin.start()])
        block = text[begin.start() : stop].encode("utf-8", "replace")
        files.append(Enclosed(begin[2].strip(), uudecoded(block)))
        at = stop
    return "".join([*kept, text[at:]]), files


def _uu_end(text: str, at: int, lines: re.Pattern[str]) -> int:
    """Where the file that begins here ends, its last line included; -1 if this is no file."""
    count = 0
    while at < len(text):
        stop = text.find("\n", at)
        after = len(text) if stop < 0 else stop + 1
        line = text[at:after].rstrip("\n")
        if line in {"end", "===="}:
            return after if count else -1
        # A second beginning: the first was none, and is not looked through again.
        if line.startswith("begin") or (line.strip() and not lines.fullmatch(line)):
            return -1
        count += 1
        at = after
    return -1


def unflowed(text: str, *, delete_space: bool) -> str:
    """Lines that were broken for the way only (RFC 3676) joined again; the depth of quotes holds them apart."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        body = line.lstrip(">")
        depth = len(line) - len(body)
        body = body.removeprefix(" ")
        goes_on = body.endswith(" ") and body != "-- "
        if open_depth != depth or body == "-- ":
            out.append("\n" + (f"{'>' * depth} " if depth else ""))
        out.append(body[:-1] if goes_on and delete_space else body)
        open_depth = depth if goes_on else -1
    return "".join(out)[1:]
