"""The fake VK speaks as VK's own schema says: its events, its answers, and the parameters it is called with."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes import vk_events as e
from tests.fakes.vk import FakeVk
from tests.fakes.vk.schema import faults_of_answer, faults_of_event, unknown_parameters
from tests.fakes.vk_client import VkClient
from tests.fakes.vk_samples import UNKNOWN, everything

Json = dict[str, Any]
_SAMPLES = everything()
# vkbottle-types have its pictures as strings; see below.
_BEYOND = {"message_new video"}


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    with FakeVk() as fake:
        fake.tune(rate=1000)
        yield fake


@pytest.mark.parametrize("name", [name for name in _SAMPLES if name not in UNKNOWN | _BEYOND])
def test_every_event_is_as_the_schema_says(name: str) -> None:
    kind, body = _SAMPLES[name]
    assert faults_of_event(json.loads(json.dumps(e.event(kind, body)))) == []


def test_a_video_differs_from_the_types_in_its_pictures_alone() -> None:
    # vkbottle-types has them as strings; VK sends records, as VK's schema (video_video_image) says.
    attachment = e.video()
    pictures = attachment["video"].pop("image")
    assert pictures[0]["url"]
    assert faults_of_event(e.event("message_new", e.message_new(attachments=[attachment]))) == []


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_what_vk_has_not_invented_is_unknown_to_the_schema_too(name: str) -> None:
    kind, body = _SAMPLES[name]
    with contextlib.suppress(AttributeError):
        assert faults_of_event(e.event(kind, body))


def test_the_check_sees_what_is_wrong() -> None:
    body = e.message_new(text="Hi", attachments=[e.photo()])
    body["message"]["attachments"][0]["photo"]["sizes"][0]["colour"] = "red"
    assert "colour" in faults_of_event(e.event("message_new", body))[0]
    assert unknown_parameters([("messages.send", {"peer": "1", "v": "5.199"})]) == ["messages.send: peer"]


def test_every_answer_is_as_the_schema_says(vk: FakeVk) -> None:
    client = VkClient(vk)
    asked: list[tuple[str, Json, Json]] = []

    def ask(method: str, **params: Any) -> Any:
        answer = client.call(method, **params)
        asked.append((method, params, answer))
        return answer["response"]

    vk.join(1002, "DELETED", deactivated="deleted")
    first = vk.says(1001, "Hello", attachments=[e.photo()])
    vk.says(1001, "again", peer_id=2_000_000_001)
    cmid = ask("messages.send", peer_ids="1001,9", random_id=5, message="Hi")[0]["conversation_message_id"]
    sent = ask("messages.send", peer_id=1001, random_id=6, message="Ho", reply_to=first["id"])
    about = {"peer_id": 1001}
    ask("messages.edit", **about, cmid=cmid, message="Hi!")
    ask("messages.markAsRead", **about)
    ask("messages.setActivity", **about, type="typing")
    told = json.dumps({"type": "show_snackbar", "text": "ok"})
    ask("messages.sendMessageEventAnswer", **about, user_id=1001, event_id="ab", event_data=told)
    for extended in (0, 1):
        ask("messages.getHistory", **about, count=200, extended=extended)
        ask("messages.getConversations", count=200, extended=extended)
        ask("messages.getByConversationMessageId", **about, conversation_message_ids="1,2", extended=extended)
        ask("messages.getById", message_ids=sent, extended=extended)
    ask("messages.delete", **about, cmids=f"{cmid},1", delete_for_all=1)
    ask("users.get", user_ids="1001,1002,5", fields="screen_name")
    ask("groups.getById", group_id=vk.group_id)
    ask("groups.getTokenPermissions")
    ask("groups.getLongPollServer", group_id=vk.group_id)
    ask("groups.getLongPollSettings", group_id=vk.group_id)
    photo = client.upload(ask("photos.getMessagesUploadServer", **about)["upload_url"], "photo", "a.jpg", b"JPG")
    ask("photos.saveMessagesPhoto", **photo)
    for kind in ("doc", "audio_message"):
        url = ask("docs.getMessagesUploadServer", **about, type=kind)["upload_url"]
        ask("docs.save", **client.upload(url, "file", "a.ogg", b"OGG"), title="a.ogg")
    asked_below = vk.comments(1001, "Open?")["id"]
    below = {"post_id": 33, "guid": "g1", "from_group": vk.group_id, "reply_to_comment": asked_below}
    ours = ask("wall.createComment", message="Yes", **below)["comment_id"]
    ask("wall.editComment", owner_id=-vk.group_id, comment_id=ours, message="Yes!")
    ask("wall.getComment", owner_id=-vk.group_id, comment_id=ours)
    ask("wall.getComments", owner_id=-vk.group_id, post_id=33, comment_id=asked_below, sort="desc", preview_length=0)
    ask("wall.deleteComment", owner_id=-vk.group_id, comment_id=ours)

    assert [fault for method, params, answer in asked for fault in faults_of_answer(method, params, answer)] == []
    assert unknown_parameters(vk.calls) == []
    events = client.listen(ts="1000")["updates"]
    kinds = {f"wall_reply_{verb}" for verb in ("new", "edit", "delete")}
    assert {event["type"] for event in events} == {"message_new", "message_reply", "message_edit"} | kinds
    assert [fault for event in events for fault in faults_of_event(event)] == []
