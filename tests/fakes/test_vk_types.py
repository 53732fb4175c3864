"""The fake VK speaks as VK's own schema says: its events, its answers, and the parameters it is called with."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes import vk_events as e
from tests.fakes.vk import FakeVk
from tests.fakes.vk.schema import faults_of_answer, faults_of_event, unknown_parameters
from tests.fakes.vk_client import VkClient

Json = dict[str, Any]
_DEEP = e.quoted(1, "outer", fwd_messages=[e.quoted(2, "inner", attachments=[e.photo()], fwd_messages=[e.quoted(3)])])
_MESSAGES = {
    "text": e.message_new(text="Hello"),
    "formatted": e.message_new(text="bold", format_data=e.formatted({"type": "bold", "offset": 0, "length": 4})),
    "photo": e.message_new(attachments=[e.photo(), e.photo()]),
    "doc": e.message_new(attachments=[e.doc()]),
    "voice": e.message_new(attachments=[e.audio_message(transcript="so", transcript_state="done")]),
    "audio": e.message_new(attachments=[e.audio()]),
    "sticker": e.message_new(attachments=[e.sticker()]),
    "wall": e.message_new(attachments=[e.wall(copy_history=[e.wall("older")["wall"]])]),
    "wall_reply": e.message_new(attachments=[e.wall_reply()]),
    "link": e.message_new(attachments=[e.link()]),
    "market": e.message_new(attachments=[e.market()]),
    "graffiti": e.message_new(attachments=[e.graffiti()]),
    "poll": e.message_new(attachments=[e.poll()]),
    "gift": e.message_new(attachments=[e.gift()]),
    "story": e.message_new(attachments=[e.story()]),
    "geo": e.message_new(geo=e.geo()),
    "reply": e.message_new(text="yes", reply_message=e.quoted(text="Tea?")),
    "forwarded": e.message_new(fwd_messages=[_DEEP, e.quoted()]),
    "payload": e.message_new(text="Pay", payload=e.payload(data="pay")),
    "chat": e.message_new(text="Hi", peer_id=2_000_000_001),
    "action": e.message_new(action=e.action("chat_title_update", text="Tea"), peer_id=2_000_000_001),
    "ref": e.message_new(text="Hi", ref="shop", ref_source="site"),
}
_EVENTS = {
    **{f"message_new {name}": ("message_new", body) for name, body in _MESSAGES.items()},
    "message_edit": ("message_edit", e.message_edit(text="Hullo")),
    "message_reply": ("message_reply", e.message_reply(text="Hi", random_id=7)),
    "by hand": ("message_reply", e.message_reply(text="Hi", admin_author_id=7)),
    "message_allow": ("message_allow", e.message_allow(key="k")),
    "message_deny": ("message_deny", e.message_deny()),
    "message_event": ("message_event", e.message_event(text="Yes", data="y")),
    "message_reaction_event": ("message_reaction_event", e.message_reaction_event()),
    "reaction taken back": ("message_reaction_event", e.message_reaction_event(reaction_id=None)),
    "message_typing_state": ("message_typing_state", e.message_typing_state()),
    "message_read": ("message_read", e.message_read()),
    "wall_reply_new": ("wall_reply_new", e.wall_reply_new(attachments=[e.photo()], reply_to_user=2)),
    "wall_reply_edit": ("wall_reply_edit", e.wall_reply_new()),
    "wall_reply_delete": ("wall_reply_delete", e.wall_reply_delete(5)),
    "photo_comment_new": ("photo_comment_new", e.photo_comment_new()),
    "photo_comment_edit": ("photo_comment_edit", e.photo_comment_new()),
    "video_comment_new": ("video_comment_new", e.video_comment_new()),
    "video_comment_edit": ("video_comment_edit", e.video_comment_new()),
    "market_comment_new": ("market_comment_new", e.market_comment_new()),
    "market_comment_edit": ("market_comment_edit", e.market_comment_new()),
    "board_post_new": ("board_post_new", e.board_post_new()),
    "board_post_edit": ("board_post_edit", e.board_post_new()),
    "group_join": ("group_join", e.group_join()),
}


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    with FakeVk() as fake:
        fake.tune(rate=1000)
        yield fake


@pytest.mark.parametrize("name", _EVENTS)
def test_every_event_is_as_the_schema_says(name: str) -> None:
    kind, body = _EVENTS[name]
    assert faults_of_event(json.loads(json.dumps(e.event(kind, body)))) == []


def test_a_video_differs_from_the_types_in_its_pictures_alone() -> None:
    # vkbottle-types has them as strings; VK sends records, as VK's schema (video_video_image) says.
    attachment = e.video()
    pictures = attachment["video"].pop("image")
    assert pictures[0]["url"]
    assert faults_of_event(e.event("message_new", e.message_new(attachments=[attachment]))) == []


def test_what_vk_has_not_invented_is_unknown_to_the_schema_too() -> None:
    body = e.message_new(attachments=[e.unknown_attachment()])
    assert len(faults_of_event(e.event("message_new", body))) == 2
    with pytest.raises(AttributeError):
        faults_of_event(e.event("hologram_new", e.unknown()))


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
    ask("wall.createComment", post_id=33, message="Yes", guid="g1", from_group=1)

    assert [fault for method, params, answer in asked for fault in faults_of_answer(method, params, answer)] == []
    assert unknown_parameters(vk.calls) == []
    events = client.listen(ts="1000")["updates"]
    assert {event["type"] for event in events} == {"message_new", "message_reply", "message_edit", "wall_reply_new"}
    assert [fault for event in events for fault in faults_of_event(event)] == []
