"""Who writes: people, communities and conversations, asked for in batches."""

import pytest

from connectors.base import Unavailable
from connectors.vk import Vk, profiles
from connectors.vk.fields import Json
from connectors.vk.profiles import look_up
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, CHAT
from tests.fakes.vk import FakeVk


def test_people_have_names_pages_and_pictures(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    picture = "https://sun9-1.userapi.com/a.jpg"
    vk.join(ANNA, "Anna\u202e", "Bell", screen_name="anna.bell", photo_100=picture)
    vk.join(1002, "Boris")
    found = loop.run(channel.profiles([str(ANNA), "1002", "1003", "nobody"]), 5)
    assert found[str(ANNA)].name == "Anna Bell"
    assert found[str(ANNA)].details == {"url": "https://vk.com/anna.bell", "avatar": picture}
    assert found["1002"].details == {"url": "https://vk.com/id1002"}
    assert set(found) == {str(ANNA), "1002"}


@pytest.mark.parametrize(("why", "name"), [("deleted", "Удалённая страница"), ("banned", "Заблокированная страница")])
def test_a_page_that_is_gone_says_so(vk: FakeVk, channel: Vk, loop: LoopThread, why: str, name: str) -> None:
    vk.join(ANNA, "DELETED", "", deactivated=why)
    found = loop.run(channel.profiles([str(ANNA)]), 5)[str(ANNA)]
    assert found.name == name
    assert found.details["deactivated"] == why


def test_communities_are_known_too(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    found = loop.run(channel.profiles([str(-vk.group_id)]), 5)
    assert found[str(-vk.group_id)].name == "Okno shop"


def test_a_page_with_an_odd_name_or_picture_makes_no_odd_link(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.join(ANNA, "Anna", screen_name="a/../b?x", photo_100="javascript:alert(1)")
    found = loop.run(channel.profiles([str(ANNA)]), 5)[str(ANNA)]
    assert found.details == {"url": f"https://vk.com/id{ANNA}"}


def test_many_are_asked_for_at_once(vk: FakeVk, channel: Vk, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_PEOPLE", 4)
    for person in range(10):
        vk.join(ANNA + person, f"Name{person}")
    found = loop.run(channel.profiles([str(ANNA + person) for person in range(10)]), 5)
    assert len(found) == 10
    assert vk.requests["users.get"] == 3


def test_a_vk_that_does_not_answer_is_asked_later(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.fault("html", "users.get")
    with pytest.raises(Unavailable):
        loop.run(channel.profiles([str(ANNA)]), 5)


class Chats:
    """A VK that knows one conversation of several."""

    async def call(self, method: str, /, **values: object) -> Json:
        assert (method, values) == ("messages.getConversationsById", {"peer_ids": str(CHAT)})
        photo = {"photo_100": "https://sun9-1.userapi.com/c.jpg"}
        return {"items": [{"peer": {"id": CHAT}, "chat_settings": {"title": "Дом 5", "photo": photo}}]}

    def close(self) -> None:
        """Nothing is held."""


def test_a_conversation_of_several_has_its_title(loop: LoopThread) -> None:
    found = loop.run(look_up(Chats(), [str(CHAT)]), 5)[str(CHAT)]
    assert (found.name, found.details) == ("Дом 5", {"avatar": "https://sun9-1.userapi.com/c.jpg"})
