"""What the tests of outgoing mail share."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.base import Letter, Outgoing, Receipt
from connectors.email.settings import EmailSettings
from tests.fakes.smtp import PASSWORD, USER, SmtpServer

TIMEOUT = 30.0
AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
LETTER = Letter(1, "okno-1-2", "anna@example.org", "send", "Здравствуйте!\n.\nВсё.", "Ольга", AT)


def letter(**fields: Any) -> Letter:
    return msgspec.structs.replace(LETTER, **fields)


def large(folder: Path, size: int) -> Letter:
    """A letter with a file that fills every buffer on the way."""
    path = folder / "hash"
    path.write_bytes(b"x" * size)
    return letter(files=(Outgoing("f", "видео.mp4", "video/mp4", size, str(path)),))


def settings_for(server: SmtpServer, **section: Any) -> EmailSettings:
    here = {"host": "localhost" if server.context else "127.0.0.1", "port": server.port, "password": PASSWORD}
    security = "none" if server.context is None else "starttls" if server.offers_starttls else "tls"
    section = here | {"security": security} | section
    return EmailSettings.model_validate({"kind": "email", "address": USER, "name": "Магазин", "smtp": section})


def failed(post: Callable[..., Receipt], *args: Any) -> Exception:
    """What came of a letter that should not arrive."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is tested
        post(*args)
    return caught.value
