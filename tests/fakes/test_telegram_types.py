"""The fake Telegram speaks as the Bot API does: its updates and answers fit aiogram's types, to the last field."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiogram import Bot, methods
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.methods.base import TelegramMethod
from aiogram.types import BufferedInputFile, InputMediaDocument, InputMediaPhoto, MessageEntity, ReplyParameters, Update
from pydantic import BaseModel, ValidationError

from tests.fakes import telegram_updates as build
from tests.fakes.telegram import Telegram
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.server import METHODS, WAITING
from tests.fakes.telegram_samples import UNKNOWN, everything

Json = dict[str, Any]
Steps = Callable[[Bot], Awaitable[Any]]
_SAMPLES = everything()
_PNG = BufferedInputFile(b"\x89PNG\r\n\x1a\n", "a.png")
_PDF = BufferedInputFile(b"%PDF-1.7", "договор.pdf")
# What the Bot API still sends of what it sent in its youth, though it is documented no more.
_OLD = frozenset({"new_chat_participant", "thumb"})


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as telegram:
        telegram.join(42)
        yield telegram


def unknown(found: Any) -> list[str]:
    """The keys that aiogram's types do not know, at any depth."""
    if isinstance(found, list):
        return [key for item in found for key in unknown(item)]
    if not isinstance(found, BaseModel):
        return []
    extra = [key for key in found.model_extra or {} if key not in _OLD]
    return extra + [key for name in type(found).model_fields for key in unknown(getattr(found, name))]


def read(update: Json) -> Update:
    """The update, after its way over the wire."""
    return Update.model_validate_json(json.dumps({"update_id": 1, **update}))


@pytest.mark.parametrize("name", [name for name in _SAMPLES if name not in UNKNOWN])
def test_every_update_is_as_aiogram_knows_it(name: str) -> None:
    (kind,) = _SAMPLES[name]
    update = read(_SAMPLES[name])
    assert update.event_type == kind
    assert unknown(update) == []


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_what_is_meant_to_be_unknown_is(name: str) -> None:
    assert unknown(read(_SAMPLES[name]))


def test_a_wrong_field_is_found_at_any_depth() -> None:
    body = build.message(**build.document())
    body["document"]["filename"] = "a.pdf"
    assert unknown(read({"message": body})) == ["filename"]
    del body["document"]["file_id"]
    with pytest.raises(ValidationError):
        read({"message": body})


def test_entities_are_counted_as_telegram_counts() -> None:
    message = read({"message": build.message(**build.formatted())}).message
    assert message is not None
    assert message.text
    for entity in message.entities or []:
        if entity.type == "bold":
            assert entity.extract_from(message.text) == "жирно"
        if entity.type == "custom_emoji":
            assert entity.extract_from(message.text) == "🎉"
    assert message.entities


def drive(telegram: Telegram, steps: Steps) -> Any:
    """What a bot of aiogram's gets."""

    async def run() -> Any:
        session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
        async with Bot(telegram.token, session) as bot:
            return await steps(bot)

    return asyncio.run(run())


_CALLS: dict[str, Steps] = {
    "getMe": lambda bot: bot.get_me(),
    "getUpdates": lambda bot: bot.get_updates(),
    "setWebhook": lambda bot: bot.set_webhook("http://127.0.0.1:9/", secret_token="s", allowed_updates=["message"]),
    "deleteWebhook": lambda bot: bot.delete_webhook(),
    "getWebhookInfo": lambda bot: bot.get_webhook_info(),
    "getChat": lambda bot: bot.get_chat(42),
    "getFile": lambda bot: bot.get_file("BQACAgIAAxkDAAI000001"),
    "getBusinessConnection": lambda bot: bot.get_business_connection("bcon-1"),
    "sendMessage": lambda bot: bot.send_message(
        42,
        "😀 ab",
        entities=[MessageEntity(type="bold", offset=3, length=2)],
        reply_parameters=ReplyParameters(message_id=1),
        reply_markup={"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]},  # type: ignore[arg-type]
    ),
    "sendPhoto": lambda bot: bot.send_photo(42, _PNG, caption="Вот"),
    "sendDocument": lambda bot: bot.send_document(42, _PDF),
    "sendAudio": lambda bot: bot.send_audio(42, _PDF),
    "sendVideo": lambda bot: bot.send_video(42, _PDF),
    "sendVoice": lambda bot: bot.send_voice(42, _PDF),
    "sendAnimation": lambda bot: bot.send_animation(42, _PDF),
    "sendMediaGroup": lambda bot: bot.send_media_group(
        42, [InputMediaPhoto(media=_PNG, caption="Два"), InputMediaPhoto(media=_PNG)]
    ),
    "sendChatAction": lambda bot: bot.send_chat_action(42, "typing"),
    "editMessageText": lambda bot: bot.edit_message_text("лучше", chat_id=42, message_id=2),
    "editMessageCaption": lambda bot: bot.edit_message_caption(chat_id=42, message_id=3, caption="лучше"),
    "deleteMessage": lambda bot: bot.delete_message(42, 2),
    "deleteMessages": lambda bot: bot.delete_messages(42, [2, 3]),
    "answerCallbackQuery": lambda bot: bot.answer_callback_query("77", text="Спасибо"),
    "readBusinessMessage": lambda bot: bot.read_business_message("bcon-1", 42, 4),
    "deleteBusinessMessages": lambda bot: bot.delete_business_messages("bcon-1", [4]),
}


def furnish(telegram: Telegram) -> None:
    """Everything the calls above speak of."""
    telegram.emit("business_connection", build.connection())
    telegram.says(42, "Здравствуйте")
    bot = telegram.world.bot
    telegram.emit("message", build.message(bot, build.private(build.user(42)), message_id=2, text="да"))
    telegram.emit("message", build.message(bot, build.private(build.user(42)), message_id=3, **build.photo("да")))
    telegram.emit("business_message", build.message(build.user(42), message_id=4, text="и", **build.business()))
    telegram.emit("callback_query", build.press("yes", None) | {"id": "77"})
    telegram.file("a.pdf", b"%PDF")


def test_every_method_is_driven() -> None:
    assert set(_CALLS) == {*METHODS, *WAITING}


@pytest.mark.parametrize("method", _CALLS)
def test_every_answer_is_as_aiogram_knows_it(telegram: Telegram, method: str) -> None:
    furnish(telegram)
    result = drive(telegram, _CALLS[method])
    assert result is not None
    assert unknown(result) == []
    assert telegram.requests == {method: 1}


def test_updates_pass_the_wire_unchanged(telegram: Telegram) -> None:
    telegram.updates.allow([kind for sample in _SAMPLES.values() for kind in sample])
    told = [telegram.emit(kind, body) for sample in _SAMPLES.values() for kind, body in sample.items()]
    got = drive(telegram, lambda bot: bot.get_updates(limit=100))
    assert [update.model_dump() for update in got] == [Update.model_validate(update).model_dump() for update in told]


def test_an_album_of_documents_arrives(telegram: Telegram) -> None:
    one, two = InputMediaDocument(media=_PDF), InputMediaDocument(media=_PDF, caption="Оба")
    sent = drive(telegram, lambda bot: bot.send_media_group(42, [one, two]))
    assert len({message.media_group_id for message in sent}) == 1
    (entry,) = telegram.ledger
    assert entry["text"] == "Оба"
    assert [file["name"] for file in entry["files"]] == ["договор.pdf", "договор.pdf"]
    assert entry["message_ids"] == [message.message_id for message in sent]


def test_the_fake_reads_no_parameter_that_the_method_has_not(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(telegram)
    asked: dict[str, set[str]] = {}
    original = Telegram.call

    async def watched(self: Telegram, method: str, params: Params, fault: Any) -> Any:
        try:
            return await original(self, method, params, fault)
        finally:
            asked.setdefault(method, set()).update(params.read)

    monkeypatch.setattr(Telegram, "call", watched)
    for call in _CALLS.values():
        drive(telegram, call)
    assert set(asked) == set(_CALLS)
    known: dict[str, type[TelegramMethod[Any]]] = {
        getattr(methods, name).__api_method__: getattr(methods, name)
        for name in methods.__all__
        if hasattr(getattr(methods, name), "__api_method__") and name != "TelegramMethod"
    }
    for method, names in asked.items():
        assert names <= set(known[method].model_fields), method
