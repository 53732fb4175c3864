"""Updates as the Bot API sends them: people, chats, and everything that can stand in a message.

`message(**photo("Look"))` is the body of a `message`; the parts go together. `everything()` has one of each.
"""

import time
from itertools import count
from typing import Any

Json = dict[str, Any]
_numbers = count(1)
_SUPERGROUP, _CHANNEL = -1_001_234_567_890, -1_009_876_543_210


def user(user_id: int = 5, first_name: str = "Анна", **fields: Any) -> Json:
    """A person; `is_bot`, `username`, `last_name`, `language_code` and more are fields."""
    return {"id": user_id, "is_bot": False, "first_name": first_name, "language_code": "ru", **fields}


def private(who: Json) -> Json:
    """The private chat with a person."""
    known = ("id", "first_name", "last_name", "username")
    return {key: who[key] for key in known if key in who} | {"type": "private"}


def group(chat_id: int = -1234, title: str = "Дом 7") -> Json:
    """A basic group."""
    return {"id": chat_id, "type": "group", "title": title}


def supergroup(chat_id: int = _SUPERGROUP, title: str = "Посёлок", **fields: Any) -> Json:
    """A supergroup; `is_forum` for one with topics."""
    return {"id": chat_id, "type": "supergroup", "title": title, **fields}


def channel(chat_id: int = _CHANNEL, title: str = "Новости") -> Json:
    """A channel."""
    return {"id": chat_id, "type": "channel", "title": title, "username": "novosti"}


def message(who: Json | None = None, chat: Json | None = None, **fields: Any) -> Json:
    """A message, in the private chat if no other is named."""
    who = who or user()
    place = chat or private(who)
    writer = {"sender_chat": place} if place["type"] == "channel" else {"from": who}
    return {"message_id": next(_numbers), "date": int(time.time()), "chat": place, **writer, **fields}


# ---- words ----


def entity(text: str, part: str, kind: str, **fields: Any) -> Json:
    """The first occurrence of `part` marked as `kind`, counted in UTF-16 units as Telegram does."""
    at = text.index(part)
    return {"type": kind, "offset": _units(text[:at]), "length": _units(part), **fields}


def words(text: str, *entities: Json) -> Json:
    """A text."""
    return {"text": text} | ({"entities": list(entities)} if entities else {})


def formatted() -> Json:
    """A text with every look, and signs of two units before them."""
    text = "😀👍🏽 жирно курсив черта зачёркнуто тайна код\nblock\nссылка Боря 🎉 цитата /start@okno_bot"
    marks = [entity(text, part, kind) for part, kind in _LOOKS.items()]
    marks.append(entity(text, "block", "pre", language="python"))
    marks.append(entity(text, "ссылка", "text_link", url="https://example.org/?a=1&b=2"))
    marks.append(entity(text, "Боря", "text_mention", user=user(6, "Боря")))
    marks.append(entity(text, "🎉", "custom_emoji", custom_emoji_id="5368324170671202286"))
    return words(text, *sorted(marks, key=lambda mark: int(mark["offset"])))


_LOOKS = {
    "жирно": "bold", "курсив": "italic", "черта": "underline", "зачёркнуто": "strikethrough", "тайна": "spoiler",
    "код": "code", "цитата": "blockquote", "/start@okno_bot": "bot_command",
}  # fmt: skip


def start(parameter: str = "") -> Json:
    """The command behind a link to the bot."""
    text = f"/start {parameter}".rstrip()
    return words(text, entity(text, "/start", "bot_command"))


# ---- files ----


def photo(caption: str = "", file_id: str = "AgACphoto", size: int = 120_000) -> Json:
    """A photo in three sizes, the largest last."""
    sizes = [(90, 67, 1_500), (320, 240, 20_000), (1280, 960, size)]
    ids = [f"{file_id}-s", f"{file_id}-m", file_id]
    found = [
        _file(name, bytes_) | {"width": width, "height": height}
        for name, (width, height, bytes_) in zip(ids, sizes, strict=True)
    ]
    return {"photo": found} | _caption(caption)


def album(*parts: Json, group_id: str = "13579246801357924") -> list[Json]:
    """The members of an album, each a message of its own."""
    return [part | {"media_group_id": group_id} for part in parts]


def document(
    name: str = "договор.pdf", size: int = 50_000, caption: str = "", file_id: str = "BQACdoc", **fields: Any
) -> Json:
    """A file; `mime_type` and `thumbnail` are fields."""
    found = _file(file_id, size) | {"file_name": name, "mime_type": "application/pdf", **fields}
    return {"document": found} | _caption(caption)


def voice(duration: int = 12, size: int = 30_000, file_id: str = "AwACvoice") -> Json:
    """A voice message."""
    return {"voice": _file(file_id, size) | {"duration": duration, "mime_type": "audio/ogg"}}


def audio(title: str = "Песня", performer: str = "Хор", size: int = 3_000_000, file_id: str = "CQACaudio") -> Json:
    """A piece of music."""
    found = {
        "duration": 185,
        "title": title,
        "performer": performer,
        "file_name": "song.mp3",
        "mime_type": "audio/mpeg",
    }
    return {"audio": _file(file_id, size) | found}


def video(caption: str = "", size: int = 8_000_000, file_id: str = "BAACvideo", **fields: Any) -> Json:
    """A video."""
    found = {"width": 1280, "height": 720, "duration": 33, "file_name": "video.mp4", "mime_type": "video/mp4", **fields}
    return {"video": _file(file_id, size) | found | _thumbnail()} | _caption(caption)


def video_note(duration: int = 9, size: int = 900_000, file_id: str = "DQACnote") -> Json:
    """A round video."""
    return {"video_note": _file(file_id, size) | {"length": 384, "duration": duration} | _thumbnail()}


def sticker(emoji: str = "😀", kind: str = "static", file_id: str = "CAACsticker") -> Json:
    """A sticker: static, animated or video."""
    about = {"type": "regular", "width": 512, "height": 512, "emoji": emoji, "set_name": "Cats"}
    flags = {"is_animated": kind == "animated", "is_video": kind == "video"}
    return {"sticker": _file(file_id, 24_000) | about | flags | _thumbnail()}


def animation(caption: str = "", size: int = 400_000, file_id: str = "CgACgif") -> Json:
    """A GIF, which is sent as a document too."""
    named = _file(file_id, size) | {"file_name": "cat.mp4", "mime_type": "video/mp4"} | _thumbnail()
    return {"animation": named | {"width": 320, "height": 240, "duration": 3}, "document": named} | _caption(caption)


def paid_media(stars: int = 5) -> Json:
    """Photos and videos to be bought."""
    preview = {"type": "preview", "width": 640, "height": 480, "duration": 10}
    return {"paid_media": {"star_count": stars, "paid_media": [preview, {"type": "photo", **photo()}]}}


def story(story_id: int = 3) -> Json:
    """A story passed on."""
    return {"story": {"chat": channel(), "id": story_id}}


# ---- things ----


def contact(phone: str = "79990001122", user_id: int | None = 5, first_name: str = "Анна") -> Json:
    """A contact: one's own where the id is the sender's."""
    own = {} if user_id is None else {"user_id": user_id}
    return {"contact": {"phone_number": phone, "first_name": first_name, "last_name": "Иванова", **own}}


def location(latitude: float = 55.751244, longitude: float = 37.618423, **fields: Any) -> Json:
    """A place on the map; `live_period` makes it a live one."""
    return {"location": {"latitude": latitude, "longitude": longitude, **fields}}


def venue(title: str = "Кофейня", address: str = "Тверская, 1") -> Json:
    """A place with a name; its location stands beside it."""
    return {"venue": {**location(), "title": title, "address": address, "foursquare_id": "4b0588f1"}, **location()}


def poll(question: str = "Когда?", *options: str) -> Json:
    """A poll."""
    said = options or ("Утром", "Вечером")
    found = [{"persistent_id": f"{at}", "text": option, "voter_count": 0} for at, option in enumerate(said)]
    flags = {"is_closed": False, "is_anonymous": True, "allows_multiple_answers": False, "allows_revoting": True}
    about = {"id": "5339837", "question": question, "options": found, "total_voter_count": 0, "type": "regular"}
    return {"poll": about | flags | {"members_only": False}}


def dice(value: int = 4, emoji: str = "🎲") -> Json:
    """A throw."""
    return {"dice": {"emoji": emoji, "value": value}}


def unknown_kind() -> Json:
    """What no Bot API of today sends."""
    return {"hologram": {"file_id": "HOLO1", "title": "Кот в трёх измерениях", "depth": 3}}


# ---- what a message stands in relation to ----


def answers(answered: Json, quoted: str = "") -> Json:
    """A reply, which may quote a part of what it answers."""
    inner = {key: value for key, value in answered.items() if key != "reply_to_message"}
    if not quoted:
        return {"reply_to_message": inner}
    whole = answered.get("text") or answered.get("caption") or quoted
    quote = {"text": quoted, "position": _units(whole[: whole.index(quoted)]), "is_manual": True}
    return {"reply_to_message": inner, "quote": quote}


def answers_elsewhere(origin: Json, quoted: str = "", **content: Any) -> Json:
    """A reply to what stands in another chat; `content` is what that is, if not words."""
    quote = {"quote": {"text": quoted, "position": 0}} if quoted else {}
    return {"external_reply": {"origin": origin, **content}, **quote}


def answers_story(story_id: int = 3) -> Json:
    """A reply to a story."""
    return {"reply_to_story": story(story_id)["story"]}


def from_user(who: Json | None = None) -> Json:
    """Where a forward comes from: a person."""
    return {"type": "user", "date": int(time.time()) - 3600, "sender_user": who or user(6, "Боря")}


def from_hidden(name: str = "Кто-то") -> Json:
    """A person who does not want to be found."""
    return {"type": "hidden_user", "date": int(time.time()) - 3600, "sender_user_name": name}


def from_chat(chat: Json | None = None) -> Json:
    """A group, in whose name an admin wrote."""
    told = {"sender_chat": chat or supergroup(), "author_signature": "Админ"}
    return {"type": "chat", "date": int(time.time()) - 3600, **told}


def from_channel(chat: Json | None = None, number: int = 77) -> Json:
    """A channel."""
    told = {"chat": chat or channel(), "message_id": number, "author_signature": "Редактор"}
    return {"type": "channel", "date": int(time.time()) - 3600, **told}


def forwarded(origin: Json) -> Json:
    """A forward, with the fields of old that still come along."""
    kind = origin["type"]
    old: Json = {"forward_date": origin["date"]}
    if kind == "user":
        old["forward_from"] = origin["sender_user"]
    elif kind == "hidden_user":
        old["forward_sender_name"] = origin["sender_user_name"]
    else:
        old["forward_from_chat"] = origin.get("chat") or origin["sender_chat"]
        old["forward_signature"] = origin["author_signature"]
    if kind == "channel":
        old["forward_from_message_id"] = origin["message_id"]
    return {"forward_origin": origin, **old}


def topic(thread: int = 12, name: str = "Доставка") -> Json:
    """What a message in a forum's topic has: it answers the service message that opened the topic."""
    made = {"name": name, "icon_color": 7322096}
    opened = message(user(6, "Боря"), supergroup(is_forum=True), forum_topic_created=made)
    where = {"message_thread_id": thread, "is_topic_message": True}
    return {**where, "reply_to_message": opened | where | {"message_id": thread}}


def buttons(*rows: list[tuple[str, str]]) -> Json:
    """Buttons below a message of the bot's: (label, data)."""
    keyboard = [[{"text": label, "callback_data": data} for label, data in row] for row in rows]
    return {"reply_markup": {"inline_keyboard": keyboard}}


def business(connection_id: str = "bcon-1") -> Json:
    """What a message that comes by a business connection has."""
    return {"business_connection_id": connection_id}


# ---- the bodies of other updates ----


def press(data: str, below: Json | None, who: Json | None = None) -> Json:
    """callback_query; without a message it stands below one sent by an inline query."""
    at = {"message": below} if below else {"inline_message_id": "BAAAAPv_AQ"}
    query = str(4_382_991_000_000_000_000 + next(_numbers))
    return {"id": query, "from": who or user(), "chat_instance": "-3141592653589793", "data": data, **at}


def reaction(chat: Json, number: int, new: list[Json], old: list[Json] | None = None) -> Json:
    """message_reaction; `new` of heart("👍"), or of {"type": "custom_emoji", …} and {"type": "paid"}."""
    told = {"old_reaction": old or [], "new_reaction": new}
    return {"chat": chat, "message_id": number, "user": user(), "date": int(time.time()), **told}


def heart(emoji: str = "❤") -> Json:
    """One reaction."""
    return {"type": "emoji", "emoji": emoji}


def membership(who: Json, old: str, new: str, bot: Json) -> Json:
    """my_chat_member of a private chat: "member" or "kicked", which is blocked."""
    return {
        "chat": private(who),
        "from": who,
        "date": int(time.time()),
        "old_chat_member": _member(bot, old),
        "new_chat_member": _member(bot, new),
    }


def connection(connection_id: str = "bcon-1", owner: Json | None = None, *, enabled: bool = True) -> Json:
    """business_connection."""
    who = owner or user(9, "Хозяин")
    told = {"user_chat_id": who["id"], "date": int(time.time()), "is_enabled": enabled}
    return {"id": connection_id, "user": who, **told, "rights": {"can_reply": True, "can_read_messages": True}}


def deleted(chat: Json, numbers: list[int], connection_id: str = "bcon-1") -> Json:
    """deleted_business_messages."""
    return {"business_connection_id": connection_id, "chat": chat, "message_ids": numbers}


# ---- inside ----


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _file(file_id: str, size: int) -> Json:
    return {"file_id": file_id, "file_unique_id": f"AQAD{file_id}", "file_size": size}


def _caption(said: str) -> Json:
    return {"caption": said} if said else {}


def _thumbnail() -> Json:
    small = _file("AAMCthumb", 5_000) | {"width": 320, "height": 240}
    return {"thumbnail": small, "thumb": small}


def _member(bot: Json, status: str) -> Json:
    return {"user": bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
