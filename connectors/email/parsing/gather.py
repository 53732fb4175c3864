"""What the parts of a mail add up to: a text, a page, files, and what people should know."""

import html as markup
import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import unquote

import msgspec

from connectors.email.parsing import bodies, invitations, smime, tnef
from connectors.email.parsing.bounces import Failure, read_report
from connectors.email.parsing.charsets import decode, decode_html
from connectors.email.parsing.headers import one_line, raw_text, split
from connectors.email.parsing.names import file_name, made_name
from connectors.email.parsing.parts import Part, Walk
from connectors.text import clean_text, is_blank

_LONGEST_TEXT, _LONGEST_HTML = 2_000_000, 10_000_000
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
_PKCS7 = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_CALENDARS = {"text/calendar", "application/ics"}
_HIDDEN = re.compile(r"<(style|head|title|script)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SHOWN = re.compile(r"cid:([^\"'\s<>()]{1,500})", re.IGNORECASE)
_MOST_OPENED = 3
_LONG_ENOUGH = 200_000
_NOTES = {
    "parts": "Частей в письме больше, чем показано: целиком оно в исходном файле",
    "depth": "Части письма вложены слишком глубоко: целиком оно в исходном файле",
    "long": "Текст письма показан не до конца: целиком он в исходном файле",
    "smime": "Письмо зашифровано (S/MIME): прочитать его можно только почтовой программой с ключом",
    "smime-signed": "Письмо подписано (S/MIME), подпись не проверялась",
    "pgp": "Письмо зашифровано (PGP): прочитать его можно только почтовой программой с ключом",
    "pgp-signed": "Письмо подписано (PGP), подпись не проверялась",
    "tnef": "Файлы взяты из winmail.dat",
    "external": "Часть письма лежит на чужом сервере и не загружена",
    "partial": "Это одна из частей письма, отправленного по частям",
}


class Attachment(msgspec.Struct, frozen=True):
    """A file of a mail; `inline` if the page shows it, by its content id."""

    name: str
    type: str
    data: bytes
    inline: bool = False
    content_id: str = ""


class _Chunk(NamedTuple):
    """A piece of what is read, in its order; those of one choice say the same."""

    kind: Literal["plain", "html", "both"]
    text: str
    choice: int


@dataclass
class Gathered:
    """The parts, taken one by one."""

    hint: str = ""
    files: list[Attachment] = field(default_factory=list)
    opened: int = 0
    failures: list[Failure] = field(default_factory=list)
    enclosed: list[bytes] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    _chunks: list[_Chunk] = field(default_factory=list)

    def take_all(self, walk: Walk) -> None:
        """Take every part of the mail."""
        for part in walk.leaves():
            self._take(part, walk.data)
        self.notes |= walk.complaints
        for container in walk.containers:
            protocol = container.parameters.get("protocol", "").lower()
            if container.value == "multipart/encrypted":
                self.notes["pgp"] = None
            elif container.value == "multipart/signed":
                self.notes["pgp-signed" if "pgp" in protocol else "smime-signed"] = None

    def text(self) -> str:
        """All the plain text; empty if the page says more."""
        chosen = {chunk.choice for chunk in self._chunks if chunk.kind == "plain" and not is_blank(chunk.text)}
        for chunk in self._chunks:
            if chunk.kind == "html" and (not chunk.choice or chunk.choice not in chosen):
                return ""
        return "\n\n".join(
            chunk.text.strip("\n") for chunk in self._chunks if chunk.kind != "html" and not is_blank(chunk.text)
        )

    def html(self) -> str:
        """The page with everything on it; empty if there is only text."""
        chosen = {chunk.choice for chunk in self._chunks if chunk.kind == "html"}
        if not chosen:
            return ""
        shown = [
            chunk for chunk in self._chunks if chunk.kind != "plain" or not chunk.choice or chunk.choice not in chosen
        ]
        return "\n".join(chunk.text if chunk.kind == "html" else _as_html(chunk.text) for chunk in shown)

    def attachments(self, page: str) -> tuple[Attachment, ...]:
        """The files; those the page shows are marked."""
        shown = {unquote(found) for found in _SHOWN.findall(page)}
        return tuple(
            msgspec.structs.replace(one, inline=one.content_id in shown) if shown else one for one in self.files
        )

    def words(self) -> str:
        """Everything readable, for looking something up in it."""
        shown = (
            _TAG.sub(" ", chunk.text[:_LONG_ENOUGH]) if chunk.kind == "html" else chunk.text for chunk in self._chunks
        )
        return "\n".join(shown)

    def said(self) -> tuple[str, ...]:
        """The notes as people read them; a forwarded mail is told of if nothing else is said."""
        forwarded = [] if any(not is_blank(chunk.text) for chunk in self._chunks) else self.forwarded[:10]
        return (*(_NOTES[note] for note in self.notes), *(f"Переслано письмо: {title}" for title in forwarded))

    # ---- one part ----

    def _take(self, part: Part, data: bytes) -> None:
        content = data[part.start : part.end]
        content = bodies.decoded(content, part.headers.raw("content-transfer-encoding"))
        if part.type.startswith("message/"):
            self._take_message(part, content)
        elif part.type in _TNEF or (part.type.startswith("application/") and content.startswith(tnef.SIGNATURE)):
            self._take_tnef(part, content)
        elif part.type in _PKCS7:
            self._take_pkcs7(part, content)
        elif _is_body(part):
            self._take_body(part, content)
        else:
            self._take_file(part, content)

    def _take_body(self, part: Part, content: bytes) -> None:
        charset = part.parameters.get("charset", "")
        self.hint = self.hint or charset
        if part.type == "text/html":
            page = _lines(decode_html(content, charset))
            if _shows(page):
                self._add("html", self._cut(page, _LONGEST_HTML), part.choice)
            return
        text = _lines(decode(content, charset))
        if part.parameters.get("format", "").lower() == "flowed":
            text = bodies.unflowed(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
        text, files = bodies.take_files(text)
        for one in files:
            self._add_file(one.name, "application/octet-stream", one.data)
        if "-----BEGIN PGP MESSAGE-----" in text:
            self.notes["pgp"] = None
        elif "-----BEGIN PGP SIGNED MESSAGE-----" in text:
            self.notes["pgp-signed"] = None
        self._add("plain", self._cut(text, _LONGEST_TEXT), part.choice)

    def _take_message(self, part: Part, content: bytes) -> None:
        """A whole mail stays a file; of a report it is read what it tells."""
        if part.type in {"message/delivery-status", "message/global-delivery-status"}:
            self.failures.append(read_report(content))
        elif part.type in {"message/rfc822-headers", "message/global-headers"}:
            self.enclosed.append(content)
        elif part.type == "message/external-body":
            self.notes["external"] = None
        elif part.type == "message/partial":
            self.notes["partial"] = None
        elif part.type in {"message/rfc822", "message/global"}:
            self.enclosed.append(content)
            headers, _ = split(content, 0, len(content), 65_536)
            title = one_line(headers.text("subject"))[:200]
            self.forwarded.append(f"«{title}»" if title else "без темы")
            self._take_file(part, content, f"{title}.eml" if title else "")
            return
        self._take_file(part, content)

    def _take_tnef(self, part: Part, content: bytes) -> None:
        """The files inside, and the text if the mail has none of its own; the winmail.dat stays beside them."""
        self._take_file(part, content, "winmail.dat")
        found = tnef.opened(content)
        if not found:
            return
        for held in found.files:
            self._add_file(held.name, held.type or "application/octet-stream", held.data, held.content_id)
        if found.files:
            self.notes["tnef"] = None
        if not any(not is_blank(chunk.text) for chunk in self._chunks):
            if found.text.strip():
                self._add("plain", self._cut(_lines(found.text), _LONGEST_TEXT), -1)
            if found.html.strip():
                self._add("html", self._cut(_lines(found.html), _LONGEST_HTML), -1)

    def _take_pkcs7(self, part: Part, content: bytes) -> None:
        """A signed mail is opened, an encrypted one is a file."""
        inner = smime.unwrapped(content)
        if inner and not self._chunks and self.opened < _MOST_OPENED:
            self.opened += 1
            self.notes["smime-signed"] = None
            self.take_all(Walk(inner))
        else:
            self.notes["smime"] = None
        self._take_file(part, content, "smime.p7m")

    def _take_file(self, part: Part, content: bytes, otherwise: str = "") -> None:
        name = _name_of(part) or file_name(otherwise)
        if part.type == "text/rfc822-headers":
            self.enclosed.append(content)
        if part.type in _CALENDARS:
            self._take_calendar(part, content)
            if any(file.data == content for file in self.files):
                return
            name = name or "invite.ics"
        content_id = raw_text(part.headers.raw("content-id")).strip("<> ")
        if content.strip() or name:
            self._add_file(name, part.type, content, content_id)

    def _take_calendar(self, part: Part, content: bytes) -> None:
        said = invitations.readable(_lines(decode(content, part.parameters.get("charset", "utf-8"))))
        if said and part.disposition.value != "attachment" and not any(chunk.text == said for chunk in self._chunks):
            self._add("both", said, 0)

    # ---- what was found ----

    def _add(self, kind: Literal["plain", "html", "both"], text: str, choice: int) -> None:
        self._chunks.append(_Chunk(kind, clean_text(text), choice))

    def _add_file(self, name: str, type: str, data: bytes, content_id: str = "") -> None:
        name = file_name(name) or made_name(type, len(self.files) + 1)
        content_id = clean_text(one_line(content_id))[:500]
        self.files.append(Attachment(name, clean_text(one_line(type))[:100], data, content_id=content_id))

    def _cut(self, text: str, longest: int) -> str:
        if len(text) > longest:
            self.notes["long"] = None
        return text[:longest]


def _is_body(part: Part) -> bool:
    """Whether the part is read and not saved (RFC 8621, 4.1.4)."""
    if not part.type.startswith("text/") or part.disposition.value == "attachment":
        return False
    if part.type not in {"text/plain", "text/html"}:
        # Text of a rare kind is shown if it is all there is.
        return not part.container and part.type not in {*_CALENDARS, "text/rfc822-headers", "text/vcard", "text/csv"}
    if not _name_of(part):
        return True
    # Some name even what they mean to be read.
    choice = part.container == "multipart/alternative" and "filename" not in part.disposition.parameters
    return (part.first or choice) and part.disposition.value in {"", "inline"}


def _name_of(part: Part) -> str:
    for written in (
        part.disposition.parameters.get("filename", ""),
        part.parameters.get("name", ""),
        part.parameters.get("filename", ""),
        part.disposition.parameters.get("name", ""),
    ):
        if name := file_name(written):
            return name
    return ""


def _shows(page: str) -> bool:
    """Whether anything of the page can be seen; one that is long enough is taken to."""
    if len(page) > _LONG_ENOUGH or "<img" in page.lower():
        return True
    lower, kept, at = page.lower(), [], 0
    while hidden := _HIDDEN.search(page, at):
        kept.append(page[at : hidden.start()])
        at = lower.find(f"</{hidden[1].lower()}", hidden.end())
        if at < 0:
            break
    kept.append(page[at:] if at >= 0 else "")
    return not is_blank(_TAG.sub("", "".join(kept)).replace("&nbsp;", ""))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _as_html(text: str) -> str:
    return f'<div style="white-space: pre-wrap">{markup.escape(text, quote=False)}</div>'
