"""What a gap in the events left out, read from the history of the conversations."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import log
from connectors.base import Blocked, Denied, Rejected, Unavailable
from connectors.vk.calls import Calls, Closed, Unclear
from connectors.vk.fields import Json, number, record, records

_log = log.get(__name__)

# As many as VK gives at once.
_PAGE = 200
# Seconds: VK's clock and the order of events are not that exact.
_MARGIN = 120
# Seconds a call may be put off by VK, and how often: the replies that go out meanwhile use up the same calls.
_SHORT, _TRIES = 5.0, 10
# Seconds between tries of a call without an answer: all that was read before it would have to be read anew.
_PAUSES = (0.5, 1.0, 2.0, 5.0)


async def missed(calls: Calls, since: int) -> AsyncIterator[list[Json]]:
    """The messages since that unix time, both ways, of one conversation after the other, each oldest first."""
    since -= _MARGIN
    seen: set[int] = set()
    async for peer in _peers(calls, since):
        # A conversation in which something is said meanwhile moves up and pushes others onto the next page.
        if peer not in seen:
            seen.add(peer)
            try:
                yield await history(calls, peer, since, pauses=_PAUSES)
            except (Blocked, Closed) as error:
                # As of a conversation the community was sent out of: the others go on.
                _log.warning("vk.history_refused", peer=peer, reason=str(error))


async def history(
    calls: Calls, peer: int, since: int, pages: int | None = None, pauses: Sequence[float] = ()
) -> list[Json]:
    """The peer's messages since that time, oldest first; at most so many pages of the newest.

    A call without an answer is made again after each of `pauses`.
    """
    found: dict[int, Json] = {}
    offset = 0
    while pages is None or offset < pages * _PAGE:
        answer = await _ask(calls, pauses, "messages.getHistory", peer_id=peer, offset=offset, count=_PAGE)
        page = records(answer, "items")
        for message in page:
            if number(message, "date") >= since:
                found[number(message, "conversation_message_id")] = message
        if len(page) < _PAGE or _older(page, since):
            break
        offset += _PAGE
    return [found[cmid] for cmid in sorted(found)]


async def _peers(calls: Calls, since: int) -> AsyncIterator[int]:
    """The conversations with messages since then, newest first."""
    offset = 0
    while True:
        try:
            answer = await _ask(calls, _PAUSES, "messages.getConversations", offset=offset, count=_PAGE, filter="all")
        except Rejected as error:
            raise Denied(f"VK does not show the conversations: {error}") from None
        page = records(answer, "items")
        for item in page:
            peer = number(record(record(item, "conversation"), "peer"), "id")
            if peer and number(record(item, "last_message"), "date") >= since:
                yield peer
        if len(page) < _PAGE or _older([record(item, "last_message") for item in page], since):
            return
        offset += _PAGE


async def _ask(calls: Calls, pauses: Sequence[float], method: str, **values: Any) -> Any:
    waits = iter(pauses)
    for _ in range(_TRIES):
        try:
            return await calls.call(method, **values)
        except (Unavailable, Unclear) as error:
            wait = getattr(error, "retry_after", None)
            pause = next(waits, None) if wait is None else wait
            if pause is None or pause > _SHORT:
                raise
        await asyncio.sleep(pause)
    return await calls.call(method, **values)


def _older(page: Iterable[Json], since: int) -> bool:
    """Whether the page reaches back beyond that time."""
    return min(number(message, "date") for message in page) < since
