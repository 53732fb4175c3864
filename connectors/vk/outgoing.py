"""Letters on their way to VK: what each becomes, and what VK's answer says of it."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from connectors.base import UPLOAD, Button, Letter, Receipt, Rejected, Span, Unavailable
from connectors.markup import to_utf16
from connectors.vk import addresses, wall
from connectors.vk.calls import Calls, Unclear, meaning
from connectors.vk.fields import Json, number, record, records, string
from connectors.vk.uploads import Uploads, attachment_of

# Seconds for what is asked before and after the files themselves travel.
_UPLOADS = 20.0
_LOOKS = {"bold": "bold", "italic": "italic", "underline": "underline", "link": "url"}


class Outgoing:
    """Makes letters' calls."""

    def __init__(self, calls: Calls, uploads: Uploads, group_id: int) -> None:
        self._calls, self._uploads, self._group_id = calls, uploads, group_id

    async def make(self, letter: Letter) -> Receipt:
        """See Connector.send."""
        peer = addresses.peer_of(letter.recipient)
        if peer is None:
            raise Rejected(f"{letter.recipient!r} is nobody's number in VK")
        if (comment := wall.comment_of(letter)) is not None:
            return await wall.make(self._calls, self._group_id, letter, comment)
        if letter.action == "send":
            return await self._send(letter, peer)
        place = addresses.message_of(letter.external_id or "")
        if place is None:
            raise Rejected("this is not the key of a message in VK")
        await (self._edit(letter, *place) if letter.action == "edit" else self._delete(*place))
        return Receipt()

    async def _send(self, letter: Letter, peer: int) -> Receipt:
        attached = await self._attached(letter, peer)
        answer = await self._calls.call(
            "messages.send",
            peer_ids=str(peer),
            random_id=letter.number,
            message=letter.text,
            format_data=format_data(letter.text, letter.spans),
            attachment=attached,
            forward=_reply(letter.reply_to),
            keyboard=keyboard(letter.buttons),
            dont_parse_links=0,
        )
        return Receipt((addresses.message_key(peer, _number_of(answer)),))

    async def _attached(self, letter: Letter, peer: int) -> str | None:
        """How the message names the letter's files, once they are there."""
        seconds = _UPLOADS + sum(file.size for file in letter.files) / UPLOAD
        try:
            async with asyncio.timeout(seconds):
                return ",".join([await self._uploads.attachment(peer, file) for file in letter.files]) or None
        except TimeoutError:
            # In time for the pipeline to hear that nothing was sent, and not to wonder whether it was.
            raise Unavailable(f"the files were not there after {seconds:.0f} s") from None

    async def _edit(self, letter: Letter, peer: int, cmid: int) -> None:
        await self._calls.call(
            "messages.edit",
            peer_id=peer,
            cmid=cmid,
            message=letter.text,
            format_data=format_data(letter.text, letter.spans),
            attachment=await self._kept(peer, cmid),
            keyboard=keyboard(letter.buttons),
            keep_forward_messages=1,
            keep_snippets=1,
            dont_parse_links=0,
        )

    async def _kept(self, peer: int, cmid: int) -> str | None:
        """What hangs on the message: an edit that does not name it again takes it away."""
        try:
            found = await self._calls.call(
                "messages.getByConversationMessageId", peer_id=peer, conversation_message_ids=str(cmid)
            )
        except Unclear:
            # Nothing was changed yet, whatever became of the question.
            raise Unavailable("VK does not tell what hangs on the message") from None
        items = records(found, "items")
        kept = [name for item in records(items[0], "attachments") if (name := attachment_of(item))] if items else []
        return ",".join(kept) or None

    async def _delete(self, peer: int, cmid: int) -> None:
        answer = await self._calls.call("messages.delete", peer_id=peer, cmids=str(cmid), delete_for_all=1)
        if isinstance(answer, list):
            for item in answer:
                _judge(item)


def format_data(text: str, spans: Sequence[Span]) -> str | None:
    """The looks VK knows, in its units; the others stay plain text."""
    items = []
    for span in spans:
        if span.kind not in _LOOKS:
            continue
        offset, length = to_utf16(text, span.start, span.end)
        item: Json = {"type": _LOOKS[span.kind], "offset": offset, "length": length}
        items.append(item | {"url": span.url} if span.kind == "link" else item)
    return _packed({"version": 1, "items": items}) if items else None


def keyboard(rows: Sequence[Sequence[Button]]) -> str | None:
    """The buttons below a message."""
    return _packed({"inline": True, "buttons": [[_button(button) for button in row] for row in rows]}) if rows else None


def _button(button: Button) -> Json:
    if button.url:
        return {"action": {"type": "open_link", "label": button.text, "link": button.url}}
    # The press brings back nothing but this.
    payload = _packed({"text": button.text, "data": button.data})
    return {"action": {"type": "callback", "label": button.text, "payload": payload}}


def _reply(reply_to: str | None) -> str | None:
    place = addresses.message_of(reply_to or "")
    if place is None:
        return None
    return _packed({"peer_id": place[0], "conversation_message_ids": [place[1]], "is_reply": 1})


def _number_of(answer: Any) -> int:
    """The number of the message that was sent to the one recipient; raises what VK says instead."""
    item = answer[0] if isinstance(answer, list) and answer else None
    _judge(item)
    cmid = number(item, "conversation_message_id") if isinstance(item, dict) else 0
    if not cmid:
        raise Unclear("VK took the message and gave no number")
    return cmid


def _judge(item: Any) -> None:
    """Raises the error of one recipient or message."""
    error = record(item, "error") if isinstance(item, dict) else {}
    if error:
        raise meaning(number(error, "code", "error_code"), string(error, "description", "error_msg"))


def _packed(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
