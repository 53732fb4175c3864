"""What Telegram finds wrong with texts, entities and buttons."""

from typing import Any

from tests.fakes.telegram.faults import bad
from tests.fakes.telegram.params import Params

Json = dict[str, Any]
MOST_TEXT, MOST_CAPTION, MOST_DATA = 4096, 1024, 64
_ENTITIES = frozenset({
    "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline",
    "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention",
    "custom_emoji", "date_time",
})  # fmt: skip
_ACTIONS = frozenset({
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
})  # fmt: skip
_BUTTONS = frozenset({
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
})  # fmt: skip


def text(params: Params) -> Json:
    """The text of a message with its entities."""
    said = params.text("text")
    if not said.strip():
        raise bad("message text is empty")
    if len(said) > MOST_TEXT:
        raise bad("message is too long")
    return _worded("text", "entities", said, _entities(params, "entities"))


def caption(params: Params) -> Json:
    """What stands below a file."""
    return checked_caption(params.text("caption"), _entities(params, "caption_entities"))


def checked_caption(said: str, entities: list[Json]) -> Json:
    """The same for one file of an album."""
    if len(said) > MOST_CAPTION:
        raise bad("message caption is too long")
    return _worded("caption", "caption_entities", said, entities) if said.strip() else {}


def markup(params: Params) -> Json:
    """The buttons below a message."""
    found = params.nested("reply_markup")
    if not found:
        return {}
    if "inline_keyboard" not in found:
        return {}
    for row in found["inline_keyboard"]:
        for button in row:
            _check_button(button)
    return {"reply_markup": {"inline_keyboard": [row for row in found["inline_keyboard"] if row]}}


def action(params: Params) -> str:
    """What the bot is seen doing."""
    found = params.text("action")
    if found not in _ACTIONS:
        raise bad("wrong parameter action in request")
    return found


def _entities(params: Params, name: str) -> list[Json]:
    if params.text("parse_mode"):
        # The fake reads no markup: nobody here sends any.
        raise bad("unsupported parse_mode")
    return params.nested(name) or []


def _worded(key: str, entities_key: str, said: str, entities: list[Json]) -> Json:
    units = said.encode("utf-16-le", "surrogatepass")
    for entity in entities:
        _check_entity(entity, units)
    # Telegram gives none of the white space at the end back.
    kept = said.rstrip()
    fields: Json = {key: kept}
    return fields | ({entities_key: entities} if entities else {})


def _check_entity(entity: Json, units: bytes) -> None:
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in _ENTITIES:
        raise bad("can't parse entities: unsupported entity type specified")
    if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0:
        raise bad(f"receive an entity with incorrect offset {offset} or length {length}")
    end = offset + length
    if end > len(units) // 2:
        raise bad(f"entity beginning at UTF-16 offset {offset} ends after the end of the text")
    for at in (offset, end):
        if at < len(units) // 2 and 0xDC <= units[at * 2 + 1] <= 0xDF:
            raise bad(f"entity beginning at UTF-16 offset {offset} begins or ends in a middle of a UTF-16 symbol")
    if kind == "text_link" and not entity.get("url"):
        raise bad("can't parse MessageEntity: can't find field \"url\"")


def _check_button(button: Json) -> None:
    if not button.get("text"):
        raise bad("can't parse inline keyboard button: can't find field \"text\"")
    if not _BUTTONS & button.keys():
        raise bad("can't parse inline keyboard button: text buttons are unallowed in the inline keyboard")
    if len(str(button.get("callback_data", "")).encode()) > MOST_DATA:
        raise bad("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not str(url).startswith(("http://", "https://", "tg://")):
        raise bad(f"inline keyboard button URL '{url}' is invalid: unsupported URL protocol")
