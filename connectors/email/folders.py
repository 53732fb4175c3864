"""Names of folders as IMAP wants them: modified UTF-7 (RFC 3501, section 5.1.3)."""

import base64
import re

_PLAIN = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")


def encoded(name: str) -> str:
    """The name on the wire, without quotes."""
    return "".join(_piece(piece) for piece in _PLAIN.findall(name))


def quoted(text: str) -> str:
    """A string as an argument of a command (RFC 3501, section 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _piece(piece: str) -> str:
    if piece.isascii() and piece.isprintable():
        return piece.replace("&", "&-")
    packed = base64.b64encode(piece.encode("utf-16-be"), b"+,").rstrip(b"=")
    return f"&{packed.decode()}-"
