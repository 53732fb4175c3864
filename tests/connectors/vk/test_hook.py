"""The Callback API's door: who may push, and what is stored of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from connectors.abilities import Answer, Request
from connectors.base import Message, Raw, Refused
from connectors.vk.events import parse_event
from connectors.vk.hook import accept_callback
from connectors.vk.settings import VkSettings
from tests.connectors.vk.samples import ANNA, AT, GROUP, event, new

SECRET = "s3cretWord"
SETTINGS: dict[str, Any] = {
    "kind": "vk", "mode": "callback", "token": "vk1.a.key", "group_id": GROUP, "secret": SECRET, "confirmation": "a1b2",
}  # fmt: skip


def _accept(body: dict[str, Any] | bytes, **settings: Any) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return accept_callback(VkSettings.model_validate(SETTINGS | settings), Request({}, data, AT))


def _raw(answer: Answer) -> Raw:
    assert answer.batch is not None
    assert answer.batch.cursor is None
    (raw,) = answer.batch.raws
    return raw


def _refused(body: dict[str, Any] | bytes, **settings: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        _accept(body, **settings)
    return caught.value


def test_an_event_is_stored_and_answered_with_ok() -> None:
    answer = _accept(new("привет") | {"secret": SECRET})
    assert (answer.status, answer.body, answer.type) == (200, b"ok", "text/plain")
    raw = _raw(answer)
    assert (raw.external_id, raw.address_hint) == (f"{ANNA}:12", str(ANNA))
    assert json.loads(raw.data) == new("привет")
    (told,) = parse_event(raw)
    assert isinstance(told, Message)
    assert told.text == "привет"


def test_a_cropped_message_says_where_all_of_it_is() -> None:
    (told,) = parse_event(_raw(_accept(new("прив", is_cropped=True) | {"secret": SECRET})))
    assert isinstance(told, Message)
    page = f"https://vk.com/gim{GROUP}?sel={ANNA}"
    assert told.text == f"прив\n[Сообщение сокращено ВКонтакте, целиком: {page}]"


def test_the_secret_is_not_stored() -> None:
    for sent in (new() | {"secret": SECRET}, event("message_deny", {"user_id": ANNA}) | {"secret": SECRET}):
        assert SECRET.encode() not in _raw(_accept(sent)).data


def test_the_same_event_again_has_the_same_key() -> None:
    for sent in (new(), event("message_deny", {"user_id": ANNA}, "e77")):
        first, second = (_raw(_accept(sent | {"secret": SECRET})) for _ in range(2))
        assert first.external_id == second.external_id


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + " ", "s3cretword", 5, ["s3cretWord"], "é", "\ud800"])
def test_an_event_without_the_right_secret_is_refused(secret: Any) -> None:
    assert _refused(new() | {"secret": secret}).status == 403
    assert _refused(new()).status == 403


@pytest.mark.parametrize("group", [8, -7, None, True, 7.0, [7]])
def test_an_event_of_another_community_is_refused(group: Any) -> None:
    assert _refused(new() | {"secret": SECRET, "group_id": group}).status == 403
    assert _refused({"type": "confirmation", "group_id": group}).status == 403


def test_the_confirmation_is_answered_with_or_without_the_secret() -> None:
    for more in ({}, {"secret": SECRET}):
        answer = _accept({"type": "confirmation", "group_id": GROUP} | more)
        assert answer == Answer(None, 200, b"a1b2", "text/plain")


def test_a_confirmation_with_a_wrong_secret_is_refused() -> None:
    assert _refused({"type": "confirmation", "group_id": GROUP, "secret": "wrong"}).status == 403


def test_without_a_confirmation_in_the_settings_none_is_given() -> None:
    assert _refused({"type": "confirmation", "group_id": GROUP}, confirmation="").status == 404


def test_without_a_secret_the_door_is_shut() -> None:
    for sent in (new() | {"secret": ""}, {"type": "confirmation", "group_id": GROUP}):
        assert _refused(sent, secret="", mode="polling").status == 404


def test_a_channel_that_polls_takes_callbacks_too_when_it_has_a_secret() -> None:
    assert _accept(new() | {"secret": SECRET}, mode="polling").body == b"ok"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[]", b'"x"', b"null", b"{}", b'{"type": 5}', b'{"type": NaN}', b"[" * 100_000],
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    assert _refused(body).status == 400


def test_no_refusal_names_the_secret() -> None:
    assert SECRET not in str(_refused(new() | {"secret": "wrong"}))


@given(st.binary(max_size=200))
def test_no_bytes_get_through_or_break_the_door(body: bytes) -> None:
    assert _refused(body).status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(max_size=20), JSON, JSON)
def test_whatever_comes_with_the_secret_is_stored_under_a_key(kind: str, item: Any, event_id: Any) -> None:
    sent = {"type": kind, "group_id": GROUP, "event_id": event_id, "object": item, "secret": SECRET}
    if kind == "confirmation":
        return
    raw = _raw(_accept(sent))
    assert raw.external_id
    assert raw.address_hint
    kept = json.loads(raw.data)
    assert kept["object"] == item
    assert "secret" not in kept


def test_callback_mode_needs_a_secret() -> None:
    with pytest.raises(ValidationError, match="mode callback needs a secret"):
        VkSettings.model_validate(SETTINGS | {"secret": ""})


@pytest.mark.parametrize("token", ["", "a b", "ключ", "a\n"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValidationError, match="is no access key") as caught:
        VkSettings.model_validate(SETTINGS | {"token": SecretStr(token)})
    assert [fault["msg"] for fault in caught.value.errors()]


@pytest.mark.parametrize("base", ["api.vk.ru", "ftp://api.vk.ru", "https://api.vk.ru/method", "https://", "https://["])
def test_an_api_base_is_a_scheme_and_a_host(base: str) -> None:
    with pytest.raises(ValidationError, match="is no scheme and host"):
        VkSettings.model_validate(SETTINGS | {"api_base": base})


def test_an_api_base_may_be_this_machine() -> None:
    assert (
        VkSettings.model_validate(SETTINGS | {"api_base": "http://127.0.0.1:8081/"}).api_base == "http://127.0.0.1:8081"
    )
