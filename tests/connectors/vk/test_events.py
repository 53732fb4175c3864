"""Messages of conversations and what else happens there, as envelopes."""

import json
from typing import Any

import pytest

from connectors.base import Message, Reach, Reaction, Sender
from connectors.vk.events import UnknownEvent, as_event, parse_event, raw_of
from tests.connectors.vk.samples import ANNA, AT, CHAT, GROUP, SENT, edit, event, message, new, read, reply, said

ANNA_ASKED = Sender(str(ANNA), profile={"url": "https://vk.com/id101", "language": "ru"}, ask=True)


def test_a_message_is_the_clients() -> None:
    expected = Message("101:12", ANNA_ASKED, "hello", SENT, source_key="00000000000000000012")
    assert read(new()) == [expected]


def test_a_message_in_the_flat_form_of_old_versions_is_read_too() -> None:
    found = said(event("message_new", message("hello")))
    assert (found.external_id, found.text, found.sender.address) == ("101:12", "hello", "101")


def test_a_raw_holds_the_event_as_it_came_under_the_messages_key() -> None:
    raw = raw_of(json.dumps(new()).encode(), AT)
    assert (raw.external_id, raw.address_hint) == ("101:12", "101")
    assert json.loads(raw.data) == new()


def test_a_message_of_the_history_has_the_key_it_had_live() -> None:
    for live in (new(), reply()):
        item = live["object"].get("message", live["object"])
        again = as_event(item, GROUP)
        assert again["type"] == live["type"]
        assert raw_of(again, AT).external_id == raw_of(live, AT).external_id
        assert said(again).direction == said(live).direction


def test_an_answer_written_in_vk_is_outgoing_and_the_clients() -> None:
    found = said(reply(random_id=55))
    assert (found.direction, found.echo, found.sender.address) == ("out", 55, "101")
    assert found.data == {"admin": "id33"}


def test_an_answer_without_a_random_id_is_nobodys_echo() -> None:
    assert said(reply(random_id=0)).echo is None
    assert said(new(random_id=9)).echo is None


def test_in_a_conversation_of_several_the_conversation_is_the_client() -> None:
    found = said(new(peer_id=CHAT, from_id=102))
    assert found.sender == Sender(str(CHAT), ask=True)
    assert found.author == "id102"
    assert said(new(peer_id=CHAT, from_id=-9)).author == "club9"


def test_what_we_say_in_a_conversation_of_several_has_no_author_of_theirs() -> None:
    found = said(reply(peer_id=CHAT))
    assert (found.direction, found.author, found.sender.address) == ("out", "", str(CHAT))


def test_text_is_made_fit_to_store() -> None:
    assert said(new("a\x00b\ud800")).text == "a\ufffdb\ufffd"


def test_text_is_taken_as_it_is_written() -> None:
    assert said(new("1 &lt; 2 <br> &amp;")).text == "1 &lt; 2 <br> &amp;"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[id1|Anna], hello", "Anna, hello"),
        ("to [club7|@shop] and [id2|Bert]", "to @shop and Bert"),
        ("[id5:bp-7_9|Vera], yes", "Vera, yes"),
        ("[id1|]", "[id1|]"),
        ("[1|2] [x] a|b]", "[1|2] [x] a|b]"),
    ],
)
def test_mentions_are_shown_as_names(text: str, shown: str) -> None:
    assert said(new(text)).text == shown


def _looks(text: str, *items: dict[str, Any], **more: Any) -> str | None:
    return said(new(text, format_data={"version": "1", "items": list(items)}, **more)).html


def test_looks_become_html() -> None:
    link = {"type": "url", "offset": 5, "length": 4, "url": "https://example.org/?a=1&b=2"}
    html = _looks("bold link", {"type": "bold", "offset": 0, "length": 4}, link)
    assert html is not None
    assert "<b>bold</b>" in html
    assert 'href="https://example.org/?a=1&amp;b=2"' in html
    assert said(new("plain")).html is None


def test_looks_are_counted_in_utf16_of_the_text_with_its_mentions() -> None:
    html = _looks("😀 [id1|Anna] waits", {"type": "italic", "offset": 14, "length": 5})
    assert html == "😀 Anna <i>waits</i>"
    assert _looks("[id1|Anna] waits", {"type": "bold", "offset": 0, "length": 10}) == "<b>Anna</b> waits"
    assert _looks("[id1|Anna] waits", {"type": "bold", "offset": 5, "length": 4}) == "<b>Anna</b> waits"


@pytest.mark.parametrize(
    "item",
    [
        {"type": "url", "offset": 0, "length": 4, "url": "javascript:alert(1)"},
        {"type": "blink", "offset": 0, "length": 4},
        {"type": "bold", "offset": -1, "length": 4},
        {"type": "bold", "offset": 0, "length": 0},
        {"type": "bold", "offset": 90, "length": 4},
        {"type": "bold"},
    ],
)
def test_looks_that_are_none_are_left_out(item: dict[str, Any]) -> None:
    assert _looks("text", item) is None


def test_where_a_client_comes_from_is_known_of_him() -> None:
    found = said(new("hi", ref="promo", ref_source="site"))
    assert found.sender.profile is not None
    assert found.sender.profile["start"] == "promo"
    assert found.sender.profile["start_source"] == "site"


def test_a_button_of_a_keyboard_brings_its_payload() -> None:
    assert said(new("Начать", payload='{"command":"start"}')).data == {"payload": '{"command":"start"}'}


def test_an_answer_names_and_quotes_what_it_answers() -> None:
    answered = message("which size?", conversation_message_id=11, from_id=-GROUP)
    found = said(new("the big one", reply_message=answered))
    assert (found.reply_to, found.data) == ("101:11", {"quote": "which size?"})


def test_an_answer_to_another_conversation_is_only_quoted() -> None:
    answered = message("x" * 500, peer_id=CHAT)
    found = said(new("see", reply_message=answered))
    assert found.reply_to is None
    assert found.data is not None
    assert found.data["quote"] == "x" * 299 + "…"


def test_an_edit_rewrites_the_message() -> None:
    found = edit(event("message_edit", message("hello!", update_time=1764065060)))
    assert (found.external_id, found.text) == ("101:12", "hello!")
    assert found.edited_at.timestamp() == 1764065060
    assert found.sender == Sender("101", profile={"url": "https://vk.com/id101"}, ask=True)


def test_an_edit_without_a_time_was_made_when_it_came() -> None:
    assert edit(event("message_edit", message("hello!"))).edited_at == AT


def test_an_edit_brings_its_files() -> None:
    doc = {"type": "doc", "doc": {"id": 1, "owner_id": 101, "title": "b.pdf", "ext": "pdf", "url": "https://vk.com/d"}}
    found = edit(event("message_edit", message("new", attachments=[doc])))
    assert (found.text, [(file.name, file.key) for file in found.files]) == ("new", [("b.pdf", "doc101_1")])


def test_an_edit_written_in_vk_changes_our_message_and_never_becomes_the_clients() -> None:
    ours = message("fixed", from_id=-GROUP, out=1, admin_author_id=33, update_time=1764065060)
    found = edit(event("message_edit", ours))
    assert (found.text, found.sender) == ("fixed", None)


def test_our_own_edits_that_come_back_change_nothing() -> None:
    assert read(event("message_edit", message("part", from_id=-GROUP, out=1, update_time=1764065060))) == []


def test_edits_of_one_message_have_keys_of_their_own_and_stay_behind_it() -> None:
    first, second = (raw_of(event("message_edit", message("x"), name), AT) for name in ("e1", "e2"))
    assert (first.external_id, second.external_id) == ("event:e1", "event:e2")
    assert first.address_hint == raw_of(new(), AT).address_hint


def test_an_edited_message_of_the_history_says_when() -> None:
    assert said(new("x", update_time=1764065060)).edited_at is not None


def test_who_allows_messages_can_be_written_to() -> None:
    (found,) = read(event("message_allow", {"user_id": ANNA, "key": "promo"}))
    assert isinstance(found, Reach)
    assert (found.sender.address, found.reachable, found.at) == ("101", True, AT)
    assert found.sender.profile == {"start": "promo", "url": "https://vk.com/id101"}


def test_who_denies_messages_cannot() -> None:
    (found,) = read(event("message_deny", {"user_id": ANNA}))
    assert isinstance(found, Reach)
    assert (found.sender.address, found.reachable) == ("101", False)


def _press(**more: Any) -> Message:
    item = {"user_id": ANNA, "peer_id": ANNA, "event_id": "ab12", "conversation_message_id": 12}
    return said(event("message_event", item | more))


def test_a_pressed_button_is_a_message_with_its_label() -> None:
    found = _press(payload={"text": "Yes", "data": "accept:5"})
    assert (found.external_id, found.text, found.sent_at) == ("101:press:ab12", "Yes", AT)
    assert found.data == {"button": "accept:5", "message": "101:12"}
    assert found.press is not None
    assert json.loads(found.press) == {"event_id": "ab12", "user_id": ANNA, "peer_id": ANNA}


def test_a_button_somebody_else_made_is_shown_by_what_it_holds() -> None:
    assert _press(payload={"cmd": 1}).text == '{"cmd": 1}'
    assert _press(payload='{"text": "No", "data": "n"}').text == "No"
    assert _press().text == "[Нажата кнопка]"


def test_who_of_several_pressed_is_told() -> None:
    assert _press(peer_id=CHAT, payload={"text": "Yes"}).author == "id101"


@pytest.mark.parametrize(("given", "shown"), [(1, "❤"), (4, "👍"), (16, "🎉"), (99, "[99]"), (None, "")])
def test_a_reaction_is_shown_by_its_sign(given: int | None, shown: str) -> None:
    item = {"reacted_id": ANNA, "peer_id": ANNA, "cmid": 12} | ({} if given is None else {"reaction_id": given})
    assert read(event("message_reaction_event", item)) == [Reaction("101:12", "101", shown)]


@pytest.mark.parametrize("kind", ["message_read", "message_typing_state", "group_join", "wall_post_new", "like_add"])
def test_what_says_nothing_is_nothing(kind: str) -> None:
    assert read(event(kind, {"user_id": ANNA})) == []


def test_an_event_no_code_knows_is_parked() -> None:
    with pytest.raises(UnknownEvent, match="telepathy_new"):
        read(event("telepathy_new", {"user_id": ANNA}))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": "message_new"}', b"[" * 100_000, b"\xff"])
def test_a_raw_that_is_no_event_raises(body: bytes) -> None:
    raw = raw_of(new(), AT)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it likes to raise
        parse_event(type(raw)(raw.external_id, raw.address_hint, body))


def test_a_message_without_its_number_is_stored_and_parked() -> None:
    sent = new(conversation_message_id=0)
    assert raw_of(sent, AT).external_id == "event:e1"
    with pytest.raises(ValueError, match="conversation_message_id"):
        read(sent)


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    def key(user: int) -> str:
        sent = event("message_deny", {"user_id": user})
        del sent["event_id"]
        return raw_of(sent, AT).external_id

    assert key(1) == key(1)
    assert key(1) != key(2)


def test_an_order_is_a_message() -> None:
    item = {
        "id": 5, "user_id": ANNA, "date": 1764065000, "display_order_id": "101-5", "comment": "by Friday, please",
        "total_price": {"amount": "90000", "text": "900 ₽"},
        "preview_order_items": [
            {"title": "Cup", "quantity": 2, "price": {"text": "450 ₽"}}, {"item": {"title": "Tea"}},
        ],
    }  # fmt: skip
    found = said(event("market_order_new", item))
    assert (found.external_id, found.sent_at, found.sender.address) == ("order:101_5", SENT, "101")
    assert found.text == "[Заказ 101-5, 900 ₽]\n[Товар «Cup», 2 шт., 450 ₽]\n[Товар «Tea»]\nby Friday, please"


def test_a_form_is_a_message() -> None:
    answers = [{"key": "phone", "question": "Phone?", "answer": "+7 999"}, {"key": "city"}]
    item = {"lead_id": 3, "user_id": ANNA, "form_id": 1, "form_name": "Callback", "answers": answers}
    found = said(event("lead_forms_new", item))
    assert found.text == "[Заявка «Callback»]\nPhone?: +7 999\ncity: "
    assert found.sent_at == AT
