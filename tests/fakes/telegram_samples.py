"""One update of every kind a bot may get; see telegram_updates for the parts."""

from typing import Any

from tests.fakes import telegram_updates as build
from tests.fakes.telegram_updates import message

Json = dict[str, Any]
# Those whose type or kind is of no Bot API of today.
UNKNOWN = frozenset({"unknown kind", "unknown update"})
_BOT = {"id": 700, "is_bot": True, "first_name": "Окно", "username": "okno_bot"}


def everything() -> dict[str, Json]:
    """By name, each {type: body}; `update_id` is the server's to give."""
    return {**{name: {"message": message(**parts)} for name, parts in _parts().items()}, **_updates()}


def _parts() -> dict[str, Json]:
    asked = message(text="Чай или кофе?")
    photos = build.album(build.photo("Альбом"), build.video())
    origins = {
        "user": build.from_user(),
        "hidden user": build.from_hidden(),
        "chat": build.from_chat(),
        "channel": build.from_channel(),
    }
    return {
        "text": build.words("Здравствуйте"),
        "formatted": build.formatted(),
        "start": build.start(),
        "start with parameter": build.start("promo_42"),
        "photo": build.photo("Смотрите"),
        "first of an album": photos[0],
        "second of an album": photos[1],
        "document": build.document(caption="Договор"),
        "large document": build.document("фильм.mkv", 1_300_000_000, mime_type="video/x-matroska"),
        "voice": build.voice(),
        "audio": build.audio(),
        "video": build.video("Видео"),
        "video note": build.video_note(),
        "sticker": build.sticker(),
        "animated sticker": build.sticker(kind="animated"),
        "video sticker": build.sticker(kind="video"),
        "animation": build.animation("Гифка"),
        "own contact": build.contact(),
        "another's contact": build.contact("+79995554433", 6, "Боря"),
        "contact without account": build.contact(user_id=None),
        "location": build.location(),
        "live location": build.location(live_period=900, heading=90, horizontal_accuracy=12.5),
        "venue": build.venue(),
        "poll": build.poll(),
        "dice": build.dice(),
        "paid media": build.paid_media(),
        "story": build.story(),
        "reply": build.words("Чай") | build.answers(asked),
        "reply with quote": build.words("Кофе") | build.answers(asked, "кофе"),
        "reply elsewhere": build.words("Да") | build.answers_elsewhere(build.from_channel(), "новость"),
        "reply elsewhere to a photo": build.words("Это") | build.answers_elsewhere(build.from_user(), **build.photo()),
        "reply elsewhere to a contact": build.words("Он")
        | build.answers_elsewhere(build.from_user(), **build.contact()),
        "reply to a story": build.words("Класс") | build.answers_story(),
        **{f"forward from {name}": build.words("Вот") | build.forwarded(origin) for name, origin in origins.items()},
        "unknown kind": build.unknown_kind(),
    }


def _updates() -> dict[str, Json]:
    who = build.user()
    chat = build.private(who)
    below = message({**_BOT}, chat, text="Вам помогли?", **build.buttons([("Да", "yes"), ("Нет", "no")]))
    forum = build.supergroup(is_forum=True)
    newcomers = [build.user(6, "Боря"), build.user(7, "Вера")]
    by_business = build.business()
    edit = {"edit_date": below["date"] + 60}
    return {
        "edited message": {"edited_message": message(text="Здравствуйте!") | edit},
        "channel post": {"channel_post": message(chat=build.channel(), text="Скидки", author_signature="Редактор")},
        "contact in a channel": {"channel_post": message(chat=build.channel(), **build.contact())},
        "edited channel post": {"edited_channel_post": message(chat=build.channel(), text="Скидки!") | edit},
        "group message": {"message": message(chat=build.group(), text="Кто дома?")},
        "message in a topic": {"message": message(chat=forum, text="Где заказ?", **build.topic())},
        "new members": {
            "message": message(chat=build.group(), new_chat_members=newcomers, new_chat_participant=newcomers[0])
        },
        "member left": {"message": message(chat=build.group(), left_chat_member=newcomers[0])},
        "migrate to": {"message": message(chat=build.group(), migrate_to_chat_id=forum["id"])},
        "migrate from": {"message": message(chat=build.supergroup(), migrate_from_chat_id=-1234)},
        "reaction": {"message_reaction": build.reaction(chat, 17, [build.heart()], [build.heart("👍")])},
        "reaction taken back": {"message_reaction": build.reaction(chat, 17, [], [build.heart()])},
        "paid reaction": {"message_reaction": build.reaction(build.channel(), 17, [{"type": "paid"}])},
        "blocked": {"my_chat_member": build.membership(who, "member", "kicked", _BOT)},
        "unblocked": {"my_chat_member": build.membership(who, "kicked", "member", _BOT)},
        "press": {"callback_query": build.press("yes", below)},
        "press without message": {"callback_query": build.press("yes", None)},
        "business connection": {"business_connection": build.connection()},
        "business connection ended": {"business_connection": build.connection(enabled=False)},
        "from a customer by business": {"business_message": message(text="Вы открыты?", **by_business)},
        "from the owner by business": {
            "business_message": message(build.user(9, "Хозяин"), chat, text="Да", **by_business)
        },
        "edited by business": {"edited_business_message": message(text="Открыты?", **by_business) | edit},
        "deleted by business": {"deleted_business_messages": build.deleted(chat, [3, 4])},
        "unknown update": {"telepathy": {"from": who, "date": below["date"], "thought": "Где мой заказ?"}},
    }
