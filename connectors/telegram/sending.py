"""Letters on their way: the calls for each, and what is no failure although Telegram says no."""

from typing import Any, Protocol

from connectors.base import Blocked, Letter, Moved, Receipt, Rejected, Unavailable
from connectors.telegram import outgoing
from connectors.telegram.addresses import Place, address, message_key, parse
from connectors.telegram.errors import Throttled
from connectors.telegram.outgoing import Call

# Telegram's words. What is already so needs no change.
_SAME, _GONE, _KEPT = "message is not modified", "message to delete not found", "message can't be deleted"
_NO_TEXT = "there is no text in the message to edit"
# It will not have this file as a photo, video, sound or voice message; as a document it takes everything.
_ODD_MEDIA = ("PHOTO_", "IMAGE_PROCESS_FAILED", "VIDEO_", "AUDIO_", "VOICE_MESSAGES_FORBIDDEN", "MEDIA_INVALID")


class Calls(Protocol):
    """Who makes the calls."""

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a method; see Api."""


async def send(api: Calls, bot: str, letter: Letter) -> Receipt:
    """Make the letter's call. Raises what Connector.send says."""
    place = place_of(letter.recipient)
    try:
        if letter.action == "send":
            return await _new(api, bot, letter, place)
        messages = [outgoing.message_in(place, key) for key in (letter.external_id, *letter.others)]
        known = [message for message in messages if message is not None]
        if not known:
            raise Rejected("the message is none of this chat; groups begin anew when they become supergroups")
        await (_edit(api, letter, place, known[0]) if letter.action == "edit" else _delete(api, place, known))
        return Receipt()
    except Throttled as error:
        # Groups have limits of their own; what one person may get is so little less than what the bot may send that
        # nobody can tell which of the two it was.
        raise Unavailable(str(error), error.retry_after, him_alone=place.chat < 0) from error
    except Moved as error:
        raise Moved(str(error), address(int(error.address), place.thread, place.business)) from error


def place_of(recipient: str) -> Place:
    """The place behind an address; Rejected for one that is none."""
    try:
        return parse(recipient)
    except ValueError as error:
        raise Rejected(str(error)) from None


async def _new(api: Calls, bot: str, letter: Letter, place: Place) -> Receipt:
    try:
        result = await _make(api, outgoing.new(letter, place))
    except Blocked:
        raise
    except Rejected as refused:
        if not letter.files or not _says(refused, *_ODD_MEDIA):
            raise
        result = await _make(api, outgoing.new(letter, place, as_documents=True))
    numbers = [message["message_id"] for message in (result if isinstance(result, list) else [result])]
    # 0 is what Telegram will send later: a video it works on, say.
    return Receipt(tuple(message_key(bot, place.chat, number, place.business) for number in numbers if number))


async def _edit(api: Calls, letter: Letter, place: Place, message: int) -> None:
    try:
        await _make(api, outgoing.text_edit(letter, place, message))
    except Rejected as refused:
        if not _says(refused, _SAME, _NO_TEXT):
            raise
        if _says(refused, _SAME):
            return
    else:
        return
    try:
        await _make(api, outgoing.caption_edit(letter, place, message))
    except Rejected as refused:
        if not _says(refused, _SAME):
            raise


async def _delete(api: Calls, place: Place, messages: list[int]) -> None:
    try:
        await _make(api, outgoing.deletion(place, messages))
    except Rejected as refused:
        if _says(refused, _KEPT):
            raise Rejected("Telegram takes a message back for everybody within 48 hours only") from refused
        if not _says(refused, _GONE):
            raise


async def _make(api: Calls, call: Call) -> Any:
    return await api.call(call.method, call.params)


def _says(error: Exception, *words: str) -> bool:
    return any(word in str(error) for word in words)
