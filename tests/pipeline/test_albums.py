"""Albums: several messages of the source are one message here, however they come."""

from typing import Any

import pytest

from connectors.base import Raw
from storage.attachments import ATTACHMENTS
from storage.talk import ALIASES
from tests.fakes.channel import raw
from tests.pipeline.rig import Rig


def photo(number: int, **more: Any) -> Raw:
    file = {"name": f"{number}.png", "data": f"photo {number}"}
    return raw("anna", str(number), more.pop("text", ""), at=number, album="a", files=[file], **more)


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
