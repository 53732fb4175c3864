"""Holds events, answers and calls to VK's own schema, in the form of vkbottle-types."""

import enum
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from vkbottle_types.categories import APICategories
from vkbottle_types.codegen.responses import docs, groups, messages, photos, users, wall
from vkbottle_types.codegen.responses.base import BaseBoolResponse, BaseGetUploadServerResponse, BaseOkResponse
from vkbottle_types.events import bot_events

Json = dict[str, Any]
# What VK sends and its schema of 2024 does not have, or has otherwise, by the model's name.
_BEYOND = {
    # Formatted text came later: https://github.com/vknet/vk/issues/1625.
    "MessagesMessage": {"format_data"},
    "MessageReplyObject": {"format_data"},
    "MessageEditObject": {"format_data"},
    # The manual says item_id, the schema photo_id.
    "MarketCommentNewObject": {"item_id"},
    "MarketCommentEditObject": {"item_id"},
    "MarketCommentRestoreObject": {"item_id"},
    # Places of messages have country, city and title.
    "BasePlace": {"country"},
}
_BEYOND_METHODS = {
    "messages.send": {"format_data"},
    "messages.edit": {"format_data"},
    # Documented beside start_message_id, and needed where a conversation has no message ids.
    "messages.getHistory": {"start_cmid"},
}
_EVERYWHERE = {"v", "lang", "test_mode", "captcha_sid", "captcha_key"}
_ANSWERS: dict[str, type[Any]] = {
    "messages.edit": BaseBoolResponse,
    "messages.delete": messages.MessagesDeleteFullResponse,
    "messages.markAsRead": BaseOkResponse,
    "messages.setActivity": BaseOkResponse,
    "messages.sendMessageEventAnswer": BaseOkResponse,
    "messages.getHistory": messages.MessagesGetHistoryExtendedResponse,
    "messages.getConversations": messages.MessagesGetConversationsResponse,
    "messages.getByConversationMessageId": messages.MessagesGetByConversationMessageIdExtendedResponse,
    "messages.getById": messages.MessagesGetByIdExtendedResponse,
    "users.get": users.UsersGetResponse,
    "groups.getById": groups.GroupsGetByIdObjectResponse,
    "groups.getTokenPermissions": groups.GroupsGetTokenPermissionsResponse,
    "groups.getLongPollServer": groups.GroupsGetLongPollServerResponse,
    "groups.getLongPollSettings": groups.GroupsGetLongPollSettingsResponse,
    "photos.getMessagesUploadServer": photos.PhotosGetMessagesUploadServerResponse,
    "photos.saveMessagesPhoto": photos.PhotosSaveMessagesPhotoResponse,
    "docs.getMessagesUploadServer": BaseGetUploadServerResponse,
    "docs.save": docs.DocsSaveResponse,
    "wall.createComment": wall.WallCreateCommentResponse,
    "wall.editComment": BaseOkResponse,
    "wall.deleteComment": BaseOkResponse,
    "wall.getComment": wall.WallGetCommentResponse,
    "wall.getComments": wall.WallGetCommentsResponse,
}


def faults_of_event(event: Json) -> list[str]:
    """What is wrong with an event; raises pydantic's error where something is missing or of another type."""
    name = "".join(part.title() for part in event["type"].split("_"))
    return list(_differences(getattr(bot_events, name)(**event).object, event["object"], "object"))


def faults_of_answer(method: str, params: Json, answer: Json) -> list[str]:
    """What is wrong with the answer of a method."""
    model = _ANSWERS.get(method)
    if method == "messages.send":
        if "peer_ids" not in params:
            return [] if isinstance(answer["response"], int) else ["response is no id"]
        model = messages.MessagesSendUserIdsResponse
    assert model is not None, method
    return list(_differences(model(**answer).response, answer["response"], "response"))


def unknown_parameters(calls: Iterable[tuple[str, Json]]) -> list[str]:
    """What was sent that the methods do not have, `FakeVk.calls` being what was sent."""
    found = []
    for method, params in calls:
        known = _parameters(method) | _EVERYWHERE | _BEYOND_METHODS.get(method, set())
        found += [f"{method}: {name}" for name in params if name not in known]
    return found


def _parameters(method: str) -> set[str]:
    section, _, name = method.partition(".")
    category = getattr(APICategories, section).fget
    klass = inspect.get_annotations(category, eval_str=True)["return"]
    action = getattr(klass, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
    return set(inspect.signature(action).parameters) - {"self", "kwargs"}


def _differences(model: Any, data: Any, where: str) -> Iterator[str]:
    """Keys the model does not know and values its enums do not have, however deep."""
    if isinstance(model, enum.Enum):
        if model.name == "NOT_SUPPORTED_MEMBER":
            yield f"{where} = {data!r}"
    elif isinstance(model, list):
        for number, (inside, each) in enumerate(zip(model, data, strict=True)):
            yield from _differences(inside, each, f"{where}[{number}]")
    elif hasattr(type(model), "model_fields"):
        known = set(type(model).model_fields)
        for name, value in data.items():
            if name in known:
                yield from _differences(getattr(model, name), value, f"{where}.{name}")
            elif name not in _BEYOND.get(type(model).__name__, set()):
                yield f"{where}.{name} ({type(model).__name__})"
