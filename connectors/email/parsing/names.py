"""Names of files, fit to show and to save."""

import mimetypes
import re
from urllib.parse import unquote

from connectors.text import clean_name

_LONGEST, _LONGEST_ENDING = 200, 20
_DIRECTORIES = re.compile(r"^.*\\", re.DOTALL)
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2}){2}")
_UP = re.compile(r"(?:^|/)\.\.(?:/|$)")
# Python's own table: what the machine has installed must not change a name.
_TYPES = mimetypes.MimeTypes()
_ENDINGS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "text/rfc822-headers": ".txt",
    "message/rfc822-headers": ".txt",
    "text/calendar": ".ics",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/ms-tnef": ".dat",
}


def file_name(name: str) -> str:
    """The name without what people cannot see and without a way out of its folder; may be empty."""
    name = _DIRECTORIES.sub("", _unescaped(name[:8192]))
    if _UP.search(name):
        name = name.rpartition("/")[2]
    name = clean_name(name, 8192).strip("\"' ")
    if not name.strip("./ "):
        return ""
    if len(name) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST]
    return f"{stem[: _LONGEST - len(ending) - 1]}.{ending}"


def _unescaped(name: str) -> str:
    """The name without the escapes of an address on the web, if that makes letters of it."""
    if name.count("%") < 2 or not name.isascii() or not _ESCAPES.search(name):
        return name
    try:
        found = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name
    return name if found.isascii() else found


def made_name(type: str, number: int) -> str:
    """A name for a file that came without one."""
    main = type.partition("/")[0]
    stem = {"image": "картинка", "audio": "аудио", "video": "видео", "message": "письмо"}.get(main, "файл")
    return f"{stem}-{number}{_ENDINGS.get(type) or _TYPES.guess_extension(type) or '.bin'}"
