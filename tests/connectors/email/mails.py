"""Mails the way people and programs write them, put together from their parts."""

import base64

from connectors.email.mime import Attachment, Mail, read

HEADERS = {
    "From": "Иван Петров <ivan@mail.example>",
    "To": "help@shop.example",
    "Subject": "Вопрос",
    "Message-ID": "<1@mail.example>",
    "Date": "Mon, 03 Nov 2025 10:00:00 +0300",
}
GREETING = "Здравствуйте! Где мой заказ № 4512? Уже третий день жду — ёлки-палки."


def encoded(text: str, charset: str = "utf-8", kind: str = "B") -> str:
    """An encoded word."""
    data = text.encode(charset)
    if kind == "B":
        return f"=?{charset}?B?{base64.b64encode(data).decode()}?="
    return f"=?{charset}?Q?{''.join(f'={byte:02X}' for byte in data)}?="


def raw(body: str | bytes = "", charset: str = "utf-8", **headers: str) -> bytes:
    """A mail with just these headers, names with _ for -, all of it in one charset."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n".encode(charset) for name, value in headers.items()]
    return b"".join([*lines, b"\r\n", body.encode(charset) if isinstance(body, str) else body])


def mail(body: str | bytes = "", **headers: str) -> bytes:
    """An ordinary mail; a header given here stands in place of the usual one."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(body, **{name.replace("-", "_"): value for name, value in (HEADERS | given).items()})


def part(body: str | bytes = "", kind: str = "text/plain; charset=utf-8", **headers: str) -> bytes:
    """A part of a multipart."""
    return raw(body, Content_Type=kind, **headers)


def multipart(kind: str, *parts: bytes, boundary: str = "b1", closed: bool = True) -> bytes:
    """A multipart as a part."""
    return raw(
        joined(*parts, boundary=boundary, closed=closed), Content_Type=f'multipart/{kind}; boundary="{boundary}"'
    )


def joined(*parts: bytes, boundary: str = "b1", closed: bool = True) -> bytes:
    """Parts between their boundaries."""
    mark = f"--{boundary}".encode()
    lines = b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts)
    return lines + (mark + b"--\r\n" if closed else b"")


def mixed(*parts: bytes, **headers: str) -> bytes:
    """An ordinary mail of several parts."""
    return mail(joined(*parts, boundary="b0"), Content_Type="multipart/mixed; boundary=b0", **headers)


def attached(name: str, data: bytes = b"%PDF-1", kind: str = "application/pdf") -> bytes:
    """A file as a part, its name written into the header as it is given."""
    body = base64.encodebytes(data)
    return raw(body, Content_Type=kind, Content_Disposition=f"attachment; {name}", Content_Transfer_Encoding="base64")


def only_file(data: bytes) -> Attachment:
    """The one file of a mail."""
    (found,) = read(data).attachments
    return found


def strings(found: Mail) -> list[str]:
    """Every string of a mail."""
    people = [*([found.sender] if found.sender else []), *found.to, *found.cc, *found.reply_to]
    named = [text for one in people for text in (one.address, one.name)]
    files = [text for one in found.attachments for text in (one.name, one.type, one.content_id)]
    ids = [found.message_id, found.in_reply_to, found.bounced_id, *found.references, *found.loops]
    said = [found.subject, found.text, found.html, *found.notes, *found.bounced, *found.authentication_results]
    return named + files + ids + said
