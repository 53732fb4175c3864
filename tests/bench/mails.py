"""What clients write by e-mail, as their programs send it; the same in every run."""

import base64
import random
from email.utils import format_datetime
from pathlib import Path

from storage.db import now
from tests.bench import load

_SHOP = "shop@example.org"
_INTRO = "чт, 6 нояб. 2025 г. в 09:41, Магазин <shop@example.org>:"
_NOTICE = "--\nС уважением,\nОтдел закупок\n+7 495 000-00-00\nhttps://client.example.org"
# Of so many mails one is an answer, one is of plain text alone, one brings a file; bytes of the file.
_ANSWER, _PLAIN, _FILE, _SIZE = 2, 3, 10, 30_000
# Of a folder's mails only those a mailbox gives at once.
_LARGEST = 1 << 20


def mails(count: int, senders: int) -> list[bytes]:
    """So many mails of so many people."""
    texts, file, date = load.texts(500), random.Random(3).randbytes(_SIZE), format_datetime(now())
    return [_mail(number, number % senders, texts[number % len(texts)], date, file) for number in range(count)]


def corpus(folder: Path) -> list[bytes]:
    """The mails in the files below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size <= _LARGEST)
    return [path.read_bytes() for path in files]


def _mail(number: int, sender: int, words: str, date: str, file: bytes) -> bytes:
    answers = number % _ANSWER == 0
    text = f"Здравствуйте!\n\n{words}\n\n{_NOTICE}\n"
    page = f"<div>Здравствуйте!</div><div><br></div><div>{words}</div><div>{_NOTICE.replace(chr(10), '<br>')}</div>"
    if answers:
        text += f"\n{_INTRO}\n\n> {words[::-1]}\n> \n> Магазин\n"
        page += f'<div class="gmail_quote"><div>{_INTRO}</div><blockquote>{words[::-1]}</blockquote></div>'
    head = [
        f"From: {_encoded(f'Клиент {sender}')} <client{sender}@mail.example>",
        f"To: {_SHOP}", f"Subject: {_encoded(f'Заказ № {number}')}", f"Date: {date}",
        f"Message-ID: <{number}.bench@mail.example>", "MIME-Version: 1.0",
        *([f"In-Reply-To: <{number}.sent@example.org>"] if answers else []),
    ]  # fmt: skip
    body = _part("text/plain; charset=utf-8", text.encode())
    if number % _PLAIN:
        body = _multipart("alternative", body, _part("text/html; charset=utf-8", page.encode()))
    if number % _FILE == 0:
        body = _multipart("mixed", body, _part('application/pdf; name="order.pdf"', file))
    return "\r\n".join([*head, body]).encode()


def _encoded(text: str) -> str:
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


def _part(kind: str, content: bytes) -> str:
    body = base64.encodebytes(content).decode().replace("\n", "\r\n")
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}"


def _multipart(kind: str, *parts: str) -> str:
    mark = f"=_{kind}"
    inner = "".join(f"--{mark}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n{inner}--{mark}--\r\n'
