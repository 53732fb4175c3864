"""Mails are read in a child: whatever ends it ends no other mail."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.email.sandbox import reader as module
from connectors.email.sandbox.reader import Reader, Unreadable
from tests.connectors.email.hostile import MAILS

MAIL = "From: Анна <anna@example.org>\r\nSubject: заказ\r\n\r\nГде он?\r\n\r\n> Скоро\r\n".encode()
HOSTILE = MAILS["formats"]


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


def count_starts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with each child that is started."""
    started: list[object] = []
    start = subprocess.Popen

    def counted(*args: Any, **options: Any) -> Any:
        started.append(args)
        return start(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", counted)
    return started


def pid(reader: Reader) -> int:
    assert reader._child is not None
    return reader._child.pid


def test_mails_are_read_one_after_the_other_by_the_same_child(reader: Reader) -> None:
    first = reader.read(MAIL)
    assert (first.mail.subject, first.own.strip()) == ("заказ", "Где он?")
    before = pid(reader)
    assert reader.read(MAIL) == first
    assert pid(reader) == before


def test_a_child_that_dies_takes_no_mail_with_it(reader: Reader) -> None:
    reader.read(MAIL)
    before = pid(reader)
    os.kill(before, signal.SIGKILL)
    assert reader.read(MAIL).mail.subject == "заказ"
    assert pid(reader) != before


def test_a_child_that_hangs_is_ended(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.read(MAIL)
    hanging = pid(reader)
    os.kill(hanging, signal.SIGSTOP)
    monkeypatch.setattr(module, "_BEYOND", 0.5)
    assert reader.read(MAIL).mail.subject == "заказ"
    assert pid(reader) != hanging


def test_a_mail_that_takes_too_long_is_tried_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    started = count_starts(monkeypatch)
    reader.read(MAIL)
    monkeypatch.setattr(module, "_SECONDS", 0.05)
    with pytest.raises(Unreadable):
        reader.read(HOSTILE())
    assert len(started) == 1
    monkeypatch.undo()
    assert reader.read(MAIL).mail.subject == "заказ"


def test_no_mail_is_blamed_for_a_busy_machine(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child stands still for longer than a mail may take, and goes on."""
    reader.read(MAIL)
    before = pid(reader)
    monkeypatch.setattr(module, "_SECONDS", 0.2)
    os.kill(before, signal.SIGSTOP)
    threading.Timer(1.0, os.kill, (before, signal.SIGCONT)).start()
    assert reader.read(MAIL).mail.subject == "заказ"
    assert pid(reader) == before


def test_no_mail_is_blamed_for_a_child_that_does_not_start(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError):
        reader.read(MAIL)
    monkeypatch.undo()
    assert reader.read(MAIL).mail.subject == "заказ"


def test_a_mail_too_large_for_the_child_s_memory_is_one_that_cannot_be_read(reader: Reader) -> None:
    reader.read(MAIL)
    limits = Path(f"/proc/{pid(reader)}/limits").read_text().splitlines()
    (memory,) = [line for line in limits if line.startswith("Max address space")]
    assert str(512 << 20) in memory
    with pytest.raises(Unreadable):
        reader.read(b"From: a@x.org\r\n\r\n" + bytes(400 << 20))
    assert reader.read(MAIL).mail.subject == "заказ"


def test_the_child_ends_with_who_asks_it(reader: Reader) -> None:
    reader.read(MAIL)
    child = reader._child
    assert child is not None
    reader._line.close()  # type: ignore[union-attr]
    assert child.wait(10) == 0
