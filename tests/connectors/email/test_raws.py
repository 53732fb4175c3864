"""Raws: what is told of a mail before anybody reads it."""

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.email.raws import Known, raw_of, read, sender_in
from pipeline.intake import ensure_fit

# Each takes a moment; on a busy machine the process needs some for itself.
SECONDS = 20
WORDS = ["'=?utf-8?Q?' * 6_000", "'a' * 60_000", "'a@' * 30_000", "'@' * 60_000"]


def test_what_is_known_stands_before_the_bytes() -> None:
    known = Known(at=7, history=True)
    assert read(raw_of("INBOX:1:1", known, b"From: a@b.c\r\n\r\n\n\0").data) == (known, b"From: a@b.c\r\n\r\n\n\0")


def test_mails_of_one_sender_share_a_lane() -> None:
    assert sender_in(b"Subject: x\r\nFrom: Anna\r\n <Anna@Example.org>\r\n\r\n") == "anna@example.org"
    assert sender_in(b"Subject: x\r\n\r\nFrom: anna@example.org\r\n") == ""
    assert raw_of("INBOX:1:1", Known(), b"").address_hint == "INBOX:1:1"


@pytest.mark.parametrize("name", [b"a\0b@c.d", b"a@\0", b"\xff@\xff", b"a" * 5000 + b"@b", b"a@" + b"b" * 5000])
def test_whatever_a_sender_is_called_his_lane_can_be_stored(name: bytes) -> None:
    ensure_fit(raw_of("INBOX:1:1", Known(), b"From: " + name + b"\r\n\r\n"))


@pytest.mark.parametrize("words", WORDS)
def test_a_hostile_sender_is_found_soon(words: str) -> None:
    program = (
        "from connectors.email.raws import sender_in\n"
        f"for _ in range(10): sender_in(('From: ' + {words} + ' <a@b.c>').encode())"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=SECONDS, cwd=Path(__file__).parents[3])
