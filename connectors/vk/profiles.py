"""Who is behind a peer: names, pages and pictures of people, communities and conversations."""

from collections.abc import Iterable, Sequence

from connectors.abilities import Profile
from connectors.text import clean_name
from connectors.vk import addresses
from connectors.vk.calls import Calls
from connectors.vk.fields import Json, number, record, records, string

# As many as VK tells of at once: users.get, groups.getById, messages.getConversationsById.
MOST_PEOPLE, _MOST_GROUPS, _MOST_CHATS = 500, 500, 100
_GONE = {"deleted": "Удалённая страница", "banned": "Заблокированная страница"}
_FIELDS = "screen_name,photo_100"


async def look_up(calls: Calls, asked: Sequence[str]) -> dict[str, Profile]:
    """See Profiles."""
    peers = {peer for text in asked if (peer := addresses.peer_of(text)) is not None}
    chats = {peer for peer in peers if addresses.is_chat(peer)}
    found: dict[int, Profile] = {}
    for some in _parts({peer for peer in peers if peer > 0} - chats, MOST_PEOPLE):
        answer = await calls.call("users.get", user_ids=_list(some), fields=_FIELDS)
        found.update((number(person, "id"), _person(person)) for person in _items(answer))
    for some in _parts({-peer for peer in peers if peer < 0}, _MOST_GROUPS):
        answer = await calls.call("groups.getById", group_ids=_list(some), fields=_FIELDS)
        listed = records(answer, "groups") if isinstance(answer, dict) else _items(answer)
        found.update((-number(group, "id"), _group(group)) for group in listed)
    for some in _parts(chats, _MOST_CHATS):
        answer = await calls.call("messages.getConversationsById", peer_ids=_list(some))
        found.update(_chat(chat) for chat in records(answer, "items"))
    return {addresses.address(peer): profile for peer, profile in found.items() if peer in peers}


def _person(person: Json) -> Profile:
    name = clean_name(f"{string(person, 'first_name')} {string(person, 'last_name')}")
    gone = string(person, "deactivated")
    details = {
        "url": _page(person) or addresses.page(number(person, "id")),
        "avatar": string(person, "photo_100"),
        "deactivated": gone,
    }
    return Profile(_GONE.get(gone, _GONE["deleted"]) if gone else name, _told(details))


def _group(group: Json) -> Profile:
    details = {
        "url": _page(group) or addresses.page(-number(group, "id")),
        "avatar": string(group, "photo_100"),
        "deactivated": string(group, "deactivated"),
    }
    return Profile(clean_name(string(group, "name")), _told(details))


def _chat(chat: Json) -> tuple[int, Profile]:
    settings = record(chat, "chat_settings")
    details = {"avatar": string(record(settings, "photo"), "photo_100")}
    return number(record(chat, "peer"), "id"), Profile(clean_name(string(settings, "title")), _told(details))


def _page(item: Json) -> str:
    name = string(item, "screen_name")
    # It becomes a link: nothing but what VK lets a page be called.
    return f"https://vk.com/{name}" if name.isascii() and name.replace("_", "").replace(".", "").isalnum() else ""


def _told(details: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in details.items() if value and (key != "avatar" or _is_url(value))}


def _is_url(text: str) -> bool:
    return text.startswith("https://") and text.isprintable() and " " not in text


def _items(answer: object) -> list[Json]:
    return [item for item in answer if isinstance(item, dict)] if isinstance(answer, list) else []


def _list(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def _parts(numbers: set[int], size: int) -> list[list[int]]:
    ordered = sorted(numbers)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
