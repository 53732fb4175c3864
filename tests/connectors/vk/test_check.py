"""`check` says in one line what answers, or what is wrong and how to mend it."""

from typing import Any

import pytest

from connectors.base import ConnectorError, Denied, Unavailable
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import connector
from tests.fakes.vk import FakeVk


def checked(vk: FakeVk, loop: LoopThread, **more: Any) -> str:
    channel = connector(vk, **more)
    try:
        return loop.run(channel.check(), 10)
    finally:
        loop.run(channel.close(), 5)


def test_all_is_well(vk: FakeVk, loop: LoopThread) -> None:
    assert checked(vk, loop) == "Okno shop (club240); the key has all rights; Long Poll on, with all events we need"


def test_a_channel_with_callbacks_needs_no_long_poll(vk: FakeVk, loop: LoopThread) -> None:
    vk.world.long_poll_enabled = False
    assert checked(vk, loop, mode="callback", secret="s").endswith("events come by Callback API")


def test_events_and_rights_that_are_missing_are_named(vk: FakeVk, loop: LoopThread) -> None:
    vk.world.long_poll_events = {"message_reaction_event": 0, "message_deny": 0}
    del vk.world.permissions["docs"]
    said = checked(vk, loop)
    assert "lacks docs" in said
    assert "off: message_deny, message_reaction_event" in said


def test_what_makes_the_channel_deaf_is_an_error(vk: FakeVk, loop: LoopThread) -> None:
    vk.world.long_poll_events = {"message_new": 0}
    with pytest.raises(Denied, match="message_new is off; switch it on"):
        checked(vk, loop)
    vk.world.long_poll_enabled = False
    with pytest.raises(Denied, match="Long Poll is off; switch it on"):
        checked(vk, loop)
    del vk.world.permissions["messages"]
    with pytest.raises(Denied, match="lacks the right messages"):
        checked(vk, loop)


def test_the_key_of_another_community_is_told(vk: FakeVk, loop: LoopThread) -> None:
    with pytest.raises(Denied, match="belongs to the community 240, and group_id is 241"):
        checked(vk, loop, group_id=241)


def test_a_key_that_is_not_accepted_is_told_without_it(vk: FakeVk, loop: LoopThread) -> None:
    with pytest.raises(Denied, match="make a new key") as caught:
        checked(vk, loop, token="vk1.a.wrong")
    assert "vk1.a.wrong" not in str(caught.value)


def test_a_vk_that_cannot_be_reached_is_told(vk: FakeVk, loop: LoopThread) -> None:
    vk.fault("html", "groups.getById")
    with pytest.raises(Unavailable, match="does not answer"):
        checked(vk, loop)
    vk.refuse()
    with pytest.raises(ConnectorError, match="cannot be reached"):
        checked(vk, loop)
