"""Mails nobody sent: each is a Mail that can be stored."""

import random
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.email.mime import Mail, read
from connectors.text import is_storable
from tests.connectors.email.mails import strings
from tests.mutations.mutate import PIECES, SAMPLES, mutated


def check(data: bytes) -> None:
    """What holds for every mail."""
    found = read(data)
    assert isinstance(found, Mail)
    assert all(map(is_storable, strings(found)))
    assert all(one.name and len(one.name) <= 200 for one in found.attachments)
    assert found.date is None or found.date.utcoffset() == timedelta(0)
    assert not any(letter in found.subject + found.message_id for letter in "\r\n")
    msgspec.msgpack.encode(found)


def test_the_samples_are_read() -> None:
    for sample in SAMPLES:
        check(sample)


@settings(max_examples=600)
@given(st.randoms(use_true_random=False))
def test_mutated_mails(chance: random.Random) -> None:
    check(mutated(SAMPLES, chance))


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    check(data)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=30))
def test_any_pieces(pieces: list[bytes]) -> None:
    check(b"From: a@b.c\r\nSubject: " + b"".join(pieces))
    check(b"From: " + b"".join(pieces))
    check(b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n" + b"".join(pieces))
