"""Attach: a client's files come with his message, each by the way it came, and none vanishes in silence."""

from typing import Any

import pytest

from connectors.base import File, Message, Sender
from pipeline import attach
from pipeline.attach import Shelf
from storage import attachments
from storage.attachments import ATTACHMENTS, FAILED, PENDING, STORED
from tests.fakes.channel import START
from tests.pipeline.rig import CHANNEL, Rig

FIRST = 1_000_000_001


def message(*files: File, sender: str = "anna") -> Message:
    return Message("1", Sender(sender), "", START, files=files)


def upload(rig: Rig, owner: str) -> str:
    row = attachments.stored(owner, "photo.png", "image/png", rig.store.put(b"bytes"))
    with rig.db.begin() as tx:
        attachments.add(tx, [row])
    return row.id


def attached(rig: Rig, *messages: tuple[int, Message]) -> list[Any]:
    """The rows of all files, after these messages took theirs."""
    with rig.db.begin() as tx:
        attach.files(tx, [(number, CHANNEL, each) for number, each in messages])
    return sorted(rig.rows(ATTACHMENTS), key=lambda row: (row.message_id or 0, row.position))


def test_bytes_inside_a_raw_are_on_disk_before_any_row_names_them(rig: Rig) -> None:
    shelf = Shelf(rig.store)
    (kept,) = shelf.keep([message(File("a.txt", "text/plain", data=b"inside"), File("b", source="far away"))])
    assert isinstance(kept, Message)
    assert [file.data for file in kept.files] == [None, None]
    inside, outside = attached(rig, (FIRST, kept))
    assert (inside.state, inside.size, rig.store.path(inside.sha256).read_bytes()) == (STORED, 6, b"inside")
    assert (outside.state, outside.source, outside.channel, outside.position) == (PENDING, "far away", CHANNEL, 1)


def test_what_holds_no_bytes_is_passed_on_as_it_is(rig: Rig) -> None:
    envelopes = [message(), message(File("b", source="far away"))]
    assert Shelf(rig.store).keep(envelopes) is envelopes


def test_an_upload_goes_to_the_first_message_of_its_owner_that_asks(rig: Rig) -> None:
    his = upload(rig, attachments.visitor(CHANNEL, "anna"))
    asking = message(File("photo.png", upload=his))
    first, second = attached(rig, (FIRST, asking), (FIRST + 1, asking))
    assert (first.id, first.message_id, first.state) == (his, FIRST, STORED)
    assert (second.message_id, second.state, second.name) == (FIRST + 1, FAILED, "photo.png")


@pytest.mark.parametrize("owner", ["visitor:shop:bert", "visitor:mail:anna", "operator:1"])
def test_somebody_else_s_upload_is_not_given_away(rig: Rig, owner: str) -> None:
    theirs = upload(rig, owner)
    rows = attached(rig, (FIRST, message(File("photo.png", upload=theirs))))
    assert [(row.id == theirs, row.message_id, row.state) for row in rows] == [
        (True, None, STORED),
        (False, FIRST, FAILED),
    ]


def test_a_file_that_cannot_be_had_is_shown_as_one(rig: Rig) -> None:
    rows = attached(rig, (FIRST, message(File("gone.txt"), File("never.txt", upload="no such upload"))))
    assert [(row.name, row.state) for row in rows] == [("gone.txt", FAILED), ("never.txt", FAILED)]
