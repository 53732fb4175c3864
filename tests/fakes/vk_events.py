"""What VK's events hold, as VK sends them: messages and what hangs on them, comments, and the rest.

Each builder gives the `object` of an event, for `FakeVk.emit(kind, object)`; `event(kind, object)` puts the frame
around it where no server is at hand. Attachments go into `attachments=[photo(), …]`.
"""

import hashlib
import itertools
import json
import time
from typing import Any, TypedDict, Unpack

Json = dict[str, Any]
GROUP = 240
PAGE = "https://vk.com"
_count = itertools.count(1)


class Said(TypedDict, total=False):
    """What a message may have besides its text."""

    date: int
    random_id: int
    attachments: list[Json]
    geo: Json
    reply_message: Json
    fwd_messages: list[Json]
    payload: str
    action: Json
    keyboard: Json
    format_data: Json
    ref: str
    ref_source: str
    admin_author_id: int
    update_time: int
    is_cropped: bool
    is_hidden: bool


def event(kind: str, body: Json, group_id: int = GROUP) -> Json:
    """A whole event, with an id nobody else has."""
    name = hashlib.sha1(f"{kind}:{next(_count)}".encode(), usedforsecurity=False).hexdigest()
    return {"group_id": group_id, "type": kind, "event_id": name, "v": "5.199", "object": body}


# ---- messages ----


def message(from_id: int = 1001, text: str = "", cmid: int = 1, peer_id: int = 0, **more: Unpack[Said]) -> Json:
    """A message as events and histories have it."""
    number = next(_count)
    return {
        "date": int(time.time()), "from_id": from_id, "id": number, "version": 10_000_000 + number,
        "out": int(from_id < 0), "important": False, "is_hidden": False, "attachments": [],
        "conversation_message_id": cmid, "fwd_messages": [], "text": text, "peer_id": peer_id or from_id,
        "random_id": 0, **more,
    }  # fmt: skip


def message_new(from_id: int = 1001, text: str = "", cmid: int = 1, peer_id: int = 0, **more: Unpack[Said]) -> Json:
    """A client wrote."""
    return {"message": message(from_id, text, cmid, peer_id, **more), "client_info": client_info()}


def message_reply(peer_id: int = 1001, text: str = "", cmid: int = 1, **more: Unpack[Said]) -> Json:
    """The community wrote: with a random_id through the API, with admin_author_id and 0 by hand."""
    return message(-GROUP, text, cmid, peer_id, **more)


def message_edit(from_id: int = 1001, text: str = "", cmid: int = 1, peer_id: int = 0, **more: Unpack[Said]) -> Json:
    """A message reads differently now."""
    return {"update_time": int(time.time()), **message(from_id, text, cmid, peer_id, **more)}


def client_info() -> Json:
    """What the client's program can show."""
    actions = ["text", "vkpay", "open_app", "location", "open_link", "callback", "intent_subscribe"]
    return {"button_actions": actions, "keyboard": True, "inline_keyboard": True, "carousel": True, "lang_id": 0}


def quoted(from_id: int = 1001, text: str = "", cmid: int = 1, **more: Any) -> Json:
    """A message inside another: the one it answers, or a forwarded one, which may hold more."""
    inside = {"conversation_message_id": cmid, "date": int(time.time()), "from_id": from_id, "text": text}
    return {**inside, "attachments": [], "id": next(_count), "peer_id": from_id, **more}


def formatted(*items: Json) -> Json:
    """How stretches of a text look: {type: bold | italic | underline | url, offset, length, url?}."""
    return {"version": "1", "items": list(items)}


def payload(**what: Any) -> str:
    """What a pressed button of a keyboard carries."""
    return json.dumps(what, ensure_ascii=False)


def action(type: str = "chat_invite_user", **more: Any) -> Json:
    """What happened in a conversation of several."""
    return {"type": type, **more}


def geo(latitude: float = 59.94, longitude: float = 30.31, title: str = "Saint Petersburg") -> Json:
    """A place on the map."""
    place = {"city": title, "country": "Russia", "title": f"{title}, Russia"}
    return {"type": "point", "coordinates": {"latitude": latitude, "longitude": longitude}, "place": place}


# ---- what hangs on a message ----


def photo(url: str = "https://sun9-1.userapi.com/x.jpg", **more: Any) -> Json:
    """A photo in its sizes, the largest in the middle."""
    sizes = [
        {"type": "s", "width": 75, "height": 56, "url": f"{url}?size=s"},
        {"type": "w", "width": 2560, "height": 1920, "url": url},
        {"type": "x", "width": 604, "height": 453, "url": f"{url}?size=x"},
    ]
    about = {"album_id": -15, "text": "", "has_tags": False, "access_key": "a1b2", "sizes": sizes}
    return _attached("photo", _owned(**about, **more), dated=True)


def doc(title: str = "report.pdf", size: int = 1234, url: str = f"{PAGE}/doc1001_5?hash=1&dl=2", **more: Any) -> Json:
    """A file."""
    about = {"title": title, "size": size, "ext": title.rpartition(".")[2], "type": 1, "url": url, "access_key": "c3"}
    return _attached("doc", _owned(**about, **more), dated=True)


def audio_message(duration: int = 12, url: str = "https://psv4.userapi.com/a.ogg", **more: Any) -> Json:
    """A voice message, with its text when VK has written it down."""
    links = {"link_mp3": url.replace(".ogg", ".mp3"), "link_ogg": url, "waveform": [0, 5, 31], "access_key": "d4"}
    return _attached("audio_message", _owned(duration=duration, **links, **more))


def video(title: str = "A cat", duration: int = 65, **more: Any) -> Json:
    """A video, which can be watched but not fetched."""
    image = [{"url": "https://sun9-1.userapi.com/v.jpg", "width": 320, "height": 240, "with_padding": 1}]
    about = {"title": title, "duration": duration, "description": "", "type": "video", "access_key": "e5"}
    return _attached(
        "video", _owned(**about, image=image, views=10, can_add=1, response_type="full", **more), dated=True
    )


def audio(artist: str = "Kino", title: str = "Song", duration: int = 200) -> Json:
    """Music."""
    return _attached("audio", _owned(artist=artist, title=title, duration=duration, url=""), dated=True)


def sticker(sticker_id: int = 9019) -> Json:
    """A sticker."""
    address = f"{PAGE}/sticker/1-{sticker_id}-512b"
    images = [{"url": address, "width": 512, "height": 512}]
    about = {"inner_type": "base_sticker_new", "sticker_id": sticker_id, "product_id": 279, "is_allowed": True}
    return _attached("sticker", about | {"images": images, "images_with_background": images})


def wall(text: str = "A post", owner_id: int = -GROUP, **more: Any) -> Json:
    """A post of a wall; copy_history=[…] holds what it reposts."""
    likes = {"can_like": 1, "count": 3, "user_likes": 0}
    about = {"inner_type": "wall_wallpost", "from_id": owner_id, "post_type": "post", "text": text, "attachments": []}
    return _attached("wall", _owned(**about, to_id=owner_id, likes=likes, **more) | {"owner_id": owner_id}, dated=True)


def wall_reply(text: str = "A comment") -> Json:
    """A comment on a wall."""
    return _attached("wall_reply", _owned(from_id=1001, text=text, post_id=33), dated=True)


def link(url: str = "https://example.org/page", title: str = "A page") -> Json:
    """A link with a preview."""
    return _attached("link", {"url": url, "title": title, "caption": "example.org", "description": ""})


def market(title: str = "A lamp", **more: Any) -> Json:
    """Goods."""
    category = {"inner_type": "market_market_category_nested", "id": 404, "name": "Lamps"}
    about = {"title": title, "description": "It shines", "price": _price(), "category": category, "availability": 0}
    return _attached("market", _owned(**about, **more) | {"owner_id": -GROUP}, dated=True)


def graffiti(url: str = "https://sun9-1.userapi.com/g.png") -> Json:
    """A drawing."""
    return _attached("graffiti", _owned(url=url, width=400, height=300, access_key="f6"))


def poll(question: str = "Tea?", *answers: str) -> Json:
    """A poll."""
    texts = answers or ("Yes", "No")
    choices = [{"id": number, "rate": 0.0, "text": text, "votes": 0} for number, text in enumerate(texts, 1)]
    flags = dict.fromkeys(("closed", "is_board", "can_edit", "can_report", "multiple", "anonymous"), False)
    flags |= dict.fromkeys(("can_vote", "can_share"), True)
    about = {"question": question, "votes": 0, "answers": choices, "end_date": 0, "disable_unvote": False}
    return _attached("poll", _owned(**about, **flags, created=int(time.time()), author_id=1001))


def gift() -> Json:
    """A present."""
    return _attached("gift", {"id": 12, "thumb_256": f"{PAGE}/gift/12.png", "thumb_48": f"{PAGE}/gift/48.png"})


def story(**more: Any) -> Json:
    """A story."""
    about = {"type": "photo", "can_see": 1, "expires_at": int(time.time()) + 86400, "access_key": "a7"}
    return _attached("story", _owned(**about, **more), dated=True)


def unknown_attachment(type: str = "hologram") -> Json:
    """Something VK has not invented yet."""
    return _attached(type, {"id": 1, "owner_id": 1001, "title": "New"})


# ---- what else becomes of messages ----


def message_allow(user_id: int = 1001, key: str = "") -> Json:
    """He may be written to."""
    return {"user_id": user_id, "key": key}


def message_deny(user_id: int = 1001) -> Json:
    """He may not be written to."""
    return {"user_id": user_id}


def message_event(user_id: int = 1001, cmid: int = 1, **what: Any) -> Json:
    """A callback button below a message was pressed."""
    pressed = {"user_id": user_id, "peer_id": user_id, "event_id": f"{next(_count):012x}"}
    return {**pressed, "payload": what, "conversation_message_id": cmid}


def message_reaction_event(user_id: int = 1001, cmid: int = 1, reaction_id: int | None = 1) -> Json:
    """Somebody reacts; None takes it back."""
    body = {"reacted_id": user_id, "peer_id": user_id, "cmid": cmid}
    return body if reaction_id is None else {**body, "reaction_id": reaction_id}


def message_typing_state(user_id: int = 1001) -> Json:
    """Somebody types."""
    return {"state": "typing", "from_id": user_id, "to_id": -GROUP}


def message_read(user_id: int = 1001, cmid: int = 1) -> Json:
    """Somebody has read up to a message."""
    return {"from_id": user_id, "peer_id": user_id, "read_message_id": 5, "conversation_message_id": cmid}


# ---- comments ----


def wall_reply_new(from_id: int = 1001, text: str = "Is it open?", post_id: int = 33, **more: Any) -> Json:
    """A comment on a post; reply_to_user and reply_to_comment when it answers another. wall_reply_edit is alike."""
    place = {"post_id": post_id, "owner_id": -GROUP, "parents_stack": [], "post_owner_id": -GROUP}
    return {**_comment(from_id, text), **place, **more}


def wall_reply_delete(comment_id: int, deleter_id: int = 1001, post_id: int = 33) -> Json:
    """A comment on a post is gone."""
    return {"owner_id": -GROUP, "id": comment_id, "deleter_id": deleter_id, "post_id": post_id}


def photo_comment_new(from_id: int = 1001, text: str = "Nice", photo_id: int = 44, **more: Any) -> Json:
    """A comment on a photo; photo_comment_edit is alike."""
    return {**_comment(from_id, text), "photo_id": photo_id, "photo_owner_id": -GROUP, **more}


def video_comment_new(from_id: int = 1001, text: str = "Nice", video_id: int = 55, **more: Any) -> Json:
    """A comment on a video; video_comment_edit is alike."""
    return {**_comment(from_id, text), "video_id": video_id, "video_owner_id": -GROUP, **more}


def market_comment_new(from_id: int = 1001, text: str = "How much?", item_id: int = 66, **more: Any) -> Json:
    """A comment on goods; market_comment_edit is alike."""
    return {**_comment(from_id, text), "item_id": item_id, "market_owner_id": -GROUP, **more}


def board_post_new(from_id: int = 1001, text: str = "A question", topic_id: int = 77, **more: Any) -> Json:
    """A message in a discussion."""
    return {**_comment(from_id, text), "topic_id": topic_id, "topic_owner_id": -GROUP, **more}


def comment_deleted(comment_id: int, **place: int) -> Json:
    """A comment on what photo_id, video_id (which has a deleter_id too) or item_id names is gone."""
    return {"id": comment_id, "owner_id": -GROUP, "user_id": 1001, **place}


def board_post_deleted(post_id: int, topic_id: int = 77) -> Json:
    """A message in a discussion is gone."""
    return {"id": post_id, "topic_id": topic_id, "topic_owner_id": -GROUP}


# ---- the rest ----


def market_order_new(user_id: int = 1001, comment: str = "Call me", **more: Any) -> Json:
    """An order in the community's shop."""
    about = {"id": next(_count), "group_id": GROUP, "user_id": user_id, "date": int(time.time()), "status": 0}
    return {**about, "items_count": 1, "total_price": _price(), "comment": comment, **more}


def lead_forms_new(user_id: int = 1001, **answers: str) -> Json:
    """A filled-in form."""
    said = [{"key": key, "question": key.title(), "answer": answer} for key, answer in answers.items()]
    about = {"lead_id": next(_count), "group_id": GROUP, "user_id": user_id, "form_id": 3, "form_name": "Callback"}
    return {**about, "answers": said}


def group_join(user_id: int = 1001, join_type: str = "join") -> Json:
    """Somebody joined the community."""
    return {"user_id": user_id, "join_type": join_type}


def unknown() -> Json:
    """The object of an event VK has not invented yet."""
    return {"user_id": 1001, "hologram": {"id": 1}}


def _comment(from_id: int, text: str) -> Json:
    return {"id": next(_count), "from_id": from_id, "date": int(time.time()), "text": text}


def _price() -> Json:
    return {"amount": "150000", "currency": {"id": 643, "name": "RUB", "title": "₽"}, "text": "1 500 ₽"}


def _owned(**about: Any) -> Json:
    return {"id": next(_count) + 456_000, "owner_id": 1001, **about}


def _attached(kind: str, body: Json, *, dated: bool = False) -> Json:
    return {"type": kind, kind: body | ({"date": int(time.time())} if dated else {})}
