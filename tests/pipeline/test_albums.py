"""Albums: several messages of the source are one message here, however they come."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Raw
from storage.attachments import ATTACHMENTS
from storage.outbox import OUTBOX
from storage.talk import ALIASES
from tests.fakes.channel import START, raw
from tests.pipeline.rig import Rig


def photo(number: int, **more: Any) -> Raw:
    file = {"name": f"{number}.png", "data": f"photo {number}"}
    return raw("anna", str(number), more.pop("text", ""), at=number, album="a", files=[file], **more)


def numbered(album: str, number: int) -> Raw:
    """A member of an album whose source numbers what is sent in the same second."""
    file = {"name": f"{number}.png", "data": f"photo {number}"}
    own = f"{album} {number}"
    return raw("anna", own, f"<{number}>", at=1, album=album, files=[file], source_key=str(number))


def by_place(row: Any) -> int:
    place: int = row.position
    return place


def files(rig: Rig) -> list[str]:
    return [row.name for row in sorted(rig.rows(ATTACHMENTS), key=lambda row: row.position)]


@pytest.mark.parametrize("batches", [[[1, 2, 3]], [[1], [2], [3]], [[1, 2], [3]], [[1], [2, 3]]])
def test_an_album_is_one_message_with_all_its_files(rig: Rig, batches: list[list[int]]) -> None:
    for batch in batches:
        rig.take(*(photo(number, text="by the sea" if number == 2 else "") for number in batch))
    assert rig.said() == ["by the sea"]
    assert files(rig) == ["1.png", "2.png", "3.png"]
    assert rig.dialogs()[0].unread == 1
    rig.check()


def test_an_album_that_is_read_again_changes_nothing(rig: Rig) -> None:
    raws = [photo(1), photo(2)]
    rig.take(raws[0])
    rig.take(raws[1])
    before = rig.messages(), files(rig), rig.rows(ALIASES)
    for key in ("again:1", "again:2"):
        again = raws[int(key[-1]) - 1]
        rig.take(Raw(key, "anna", again.data.replace(b'"text"', b'"id": "anna:%s", "text"' % key[-1].encode())))
    assert (rig.messages(), files(rig), rig.rows(ALIASES)) == before


def test_what_is_said_of_a_member_is_said_of_the_album(rig: Rig) -> None:
    rig.take(photo(1), photo(2, text="by the se"))
    rig.take(raw("anna", "e", "by the sea", kind="edit", id="anna:2", at=5))
    rig.take(raw("anna", "3", "look", at=6, reply_to="anna:2"))
    album, answer = rig.messages()
    assert (album.text, answer.reply_to) == ("by the sea", album.id)


def test_an_edit_of_a_member_touches_its_own_words(rig: Rig) -> None:
    rig.take(photo(1, text="one"), photo(2, text="<two>"), photo(3))
    rig.take(raw("anna", "e2", "second", kind="edit", id="anna:2", at=9))
    # Older than the other member's edit, and all the same the newest of its own.
    rig.take(raw("anna", "e1", "first", kind="edit", id="anna:1", at=5))
    rig.take(raw("anna", "e0", "too old", kind="edit", id="anna:1", at=4))
    rig.take(raw("anna", "e3", "", kind="edit", id="anna:3", at=6))
    assert rig.said() == ["first\nsecond"]
    rig.take(photo(4, text="fourth"))
    assert rig.said() == ["first\nsecond\nfourth"]
    assert rig.messages()[0].edited_at == START + timedelta(seconds=9)


def test_a_member_that_is_taken_back_leaves_the_others(rig: Rig) -> None:
    rig.take(photo(1, text="one"), photo(2, text="two"))
    for key in ("d1", "d2"):
        rig.take(raw("anna", key, kind="deletion", id="anna:1", at=5))
    rig.take(raw("anna", "e1", "one again", kind="edit", id="anna:1", at=6))
    (album,) = rig.messages()
    assert (album.text, album.deleted_at) == ("two", None)
    rig.take(raw("anna", "d3", kind="deletion", id="anna:2", at=7))
    assert rig.messages()[0].deleted_at == START + timedelta(seconds=7)
    assert [event.type for event in rig.events() if event.type.startswith("message.")] == [
        "message.received", "message.edited", "message.deleted",
    ]  # fmt: skip


def test_members_stand_in_their_order_however_they_arrive(rig: Rig) -> None:
    for batch in itertools.permutations((1, 2, 3)):
        name = "".join(map(str, batch))
        rig.take(*(numbered(name, number) for number in batch))
        for number in batch:
            rig.take(numbered(f"{name} one by one", number))
    texts = {row.text for row in rig.messages()}
    assert texts == {"<1>\n<2>\n<3>"}
    assert {row.source_key for row in rig.messages()} == {"1"}
    for row in rig.messages():
        assert [file.name for file in sorted(rig.rows(ATTACHMENTS), key=by_place) if file.message_id == row.id] == [
            "1.png", "2.png", "3.png",
        ]  # fmt: skip


@pytest.mark.parametrize("apart", [True, False])
def test_an_album_may_begin_with_what_an_edit_stood_for(rig: Rig, apart: bool) -> None:
    rig.take(raw("anna", "e1", "first", kind="edit", id="anna:1", at=9))
    raws = [photo(1, text="one"), photo(2, text="two")]
    for lot in [[each] for each in raws] if apart else [raws]:
        rig.take(*lot)
    assert rig.said() == ["first\ntwo"]
    assert files(rig) == ["1.png", "2.png"]
    rig.check()


def test_who_sends_too_much_in_an_album_hears_of_it_however_late(rig: Rig) -> None:
    rig.take(photo(1))
    rig.take(photo(2, respond="Too large."), photo(3, respond="Too large."))
    assert rig.said() == ["", "Too large."]
    assert [row.payload["text"] for row in rig.rows(OUTBOX)] == ["Too large."]
    rig.check()


def test_two_albums_and_two_people_stay_apart(rig: Rig) -> None:
    rig.take(photo(1), raw("anna", "9", "", at=9, album="b"), raw("bert", "1", "", album="a2"))
    assert len(rig.messages()) == 3


@pytest.mark.parametrize("batches", [[[1, 2, 3]], [[1], [2], [3]]])
def test_each_member_may_have_words_of_its_own(rig: Rig, batches: list[list[int]]) -> None:
    for batch in batches:
        rig.take(*(photo(number, text="" if number == 2 else f"<{number}>") for number in batch))
    assert rig.said() == ["<1>\n<3>"]


def test_a_member_is_answered_in_the_same_breath(rig: Rig) -> None:
    rig.take(photo(1), photo(2), raw("anna", "3", "that one", at=6, reply_to="anna:2"))
    album, answer = rig.messages()
    assert answer.reply_to == album.id
