"""Whether a community's key does what the channel needs, in words."""

from connectors.base import Denied, Rejected, Unavailable
from connectors.text import clean_name
from connectors.vk.calls import Calls, Unclear
from connectors.vk.fields import number, record, records, string
from connectors.vk.settings import VkSettings

_EVENTS = (
    "message_new", "message_reply", "message_edit", "message_allow", "message_deny", "message_event",
    "message_reaction_event",
)  # fmt: skip
_RIGHTS = ("manage", "messages", "photos", "docs")


async def check(calls: Calls, settings: VkSettings) -> str:
    """See Check."""
    try:
        said = [await _community(calls, settings.group_id), await _rights(calls)]
        if settings.mode == "polling":
            said.append(await _long_poll(calls, settings.group_id))
        else:
            said.append("events come by Callback API")
    except Unclear as error:
        raise Unavailable(f"VK does not answer: {error}") from None
    return "; ".join(said)


async def _community(calls: Calls, group_id: int) -> str:
    """Of a community's key VK tells whose it is when it is not asked for anybody."""
    answer = await calls.call("groups.getById")
    groups = records(answer, "groups") if isinstance(answer, dict) else []
    if not groups:
        raise Denied("the key belongs to no community; make one in the community's settings under API usage")
    own = number(groups[0], "id")
    if own != group_id:
        raise Denied(f"the key belongs to the community {own}, and group_id is {group_id}; make them one")
    return f"{clean_name(string(groups[0], 'name'))} (club{own})"


async def _rights(calls: Calls) -> str:
    answer = await calls.call("groups.getTokenPermissions")
    given = {string(right, "name") for right in records(answer, "permissions")}
    lacking = [right for right in _RIGHTS if right not in given]
    if "messages" in lacking:
        raise Denied("the key lacks the right messages; make a new key with it")
    try:
        await calls.call("messages.getConversations", count=1)
    except Rejected as error:
        raise Denied(f"VK does not show the conversations: {error}") from None
    return f"the key lacks {', '.join(lacking)}" if lacking else "the key has all rights"


async def _long_poll(calls: Calls, group_id: int) -> str:
    switch = "in the community's settings under API usage, Long Poll API"
    try:
        answer = await calls.call("groups.getLongPollSettings", group_id=group_id)
    except Rejected as error:
        raise Denied(f"VK does not show the Long Poll settings; give the key the right manage: {error}") from None
    if not answer.get("is_enabled"):
        raise Denied(f"Long Poll is off; switch it on {switch}")
    # Of some kinds VK does not tell.
    events = record(answer, "events")
    off = [event for event in _EVENTS if event in events and not events[event]]
    if "message_new" in off:
        raise Denied(f"the event message_new is off; switch it on {switch}")
    return (
        f"Long Poll on, but these events are off: {', '.join(off)}" if off else "Long Poll on, with all events we need"
    )
