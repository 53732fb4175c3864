"""Names of folders as IMAP wants them: modified UTF-7 (RFC 3501, section 5.1.3)."""

import base64
import re

_PLAIN = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")
_ENCODED = re.compile(r"&([^-]*)-")


def encoded(name: str) -> str:
    """The name on the wire, without quotes."""
    return "".join(_piece(piece) for piece in _PLAIN.findall(name))


def decoded(name: str) -> str:
    """The name people read; what is not encoded as it should be stays as it is."""
    return _ENCODED.sub(_word, name)


def quoted(text: str) -> str:
    """A string as an argument of a command (RFC 3501, section 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _piece(piece: str) -> str:
    if piece.isascii() and piece.isprintable():
        return piece.replace("&", "&-")
    packed = base64.b64encode(piece.encode("utf-16-be"), b"+,").rstrip(b"=")
    return f"&{packed.decode()}-"


def _word(found: "re.Match[str]") -> str:
    word = found[1]
    if not word:
        return "&"
    try:
        return base64.b64decode(word + "=" * (-len(word) % 4), b"+,", validate=True).decode("utf-16-be")
    except ValueError:
        return found[0]
