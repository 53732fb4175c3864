"""What a message of VK's carries, as text and files: attachments, forwarded messages, posts of walls."""

from dataclasses import dataclass, field
from typing import Any

from connectors.base import File
from connectors.text import clean_name, is_blank
from connectors.vk.attachments import bracketed, page_of, piece_of, title_of
from connectors.vk.fields import Json, number, record, records, string
from connectors.vk.wording import readable

# Forwarded messages and posts: how deep, how many and with how many files altogether they are shown.
_DEEPEST, _MOST, _MOST_FILES = 5, 50, 50
_LONGEST_QUOTE = 300
_ACTIONS = {
    "chat_photo_update": "Фото беседы обновлено",
    "chat_photo_remove": "Фото беседы удалено",
    "chat_unpin_message": "Сообщение откреплено",
    "chat_screenshot": "Сделан снимок экрана беседы",
    "conversation_style_update": "Изменено оформление беседы",
    "chat_invite_user_by_link": "В беседу по ссылке вошёл",
    "chat_invite_user_by_message_request": "В беседу принят",
    "chat_invite_user": "В беседу приглашён",
    "chat_kick_user": "Из беседы исключён",
    "chat_create": "Создана беседа",
    "chat_title_update": "Новое название беседы",
    "chat_pin_message": "Закреплено сообщение",
}


@dataclass
class Content:
    """What was gathered: the lines that follow the text, and the files. `page` is where VK shows all of it."""

    page: str = ""
    lines: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    shown: int = 0
    hidden: int = 0

    def text_after(self, text: str) -> str:
        """The whole text: what was written, and below it what else came."""
        lines = [*self.lines, *([f"[Ещё вложенных сообщений: {self.hidden}]"] if self.hidden else [])]
        shown = [] if is_blank(text) else [text]
        return "\n".join([*shown, *lines]) or ("" if self.files else "[Пустое сообщение]")

    def take_file(self, file: File) -> bool:
        """Keep the file, unless there are too many."""
        if len(self.files) >= _MOST_FILES:
            return False
        self.files.append(file)
        return True

    def may_show(self, depth: int) -> bool:
        """Whether one more nested message is shown; counted either way."""
        fits = depth <= _DEEPEST and self.shown < _MOST
        self.shown += fits
        self.hidden += not fits
        return fits


def content_of(message: Json, page: str = "") -> Content:
    """Everything the message carries beside its own text; on `page` VK shows it whole."""
    content = Content(page)
    _gather(message, content, 0)
    return content


def quote_of(message: Json) -> str:
    """The beginning of a message somebody answers to."""
    content = Content(shown=_MOST)
    _gather(message, content, 0)
    text = content.text_after(readable(string(message, "text")))
    text = text or "\n".join(f"[{_called(file)}]" for file in content.files)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"


def location_of(message: Json) -> dict[str, float] | None:
    """Where the message says its writer is."""
    coordinates = record(record(message, "geo"), "coordinates")
    latitude, longitude = (_degrees(coordinates.get(name)) for name in ("latitude", "longitude"))
    return None if latitude is None or longitude is None else {"latitude": latitude, "longitude": longitude}


def origin_of(message: Json) -> str:
    """Who wrote what is forwarded, as VK names him."""
    writers = dict.fromkeys(who(number(entry, "from_id")) for entry in records(message, "fwd_messages"))
    return ", ".join(list(writers)[:3])


def who(from_id: int) -> str:
    """A person or community the way its page is called."""
    return f"id{from_id}" if from_id >= 0 else f"club{-from_id}"


def _gather(message: Json, content: Content, depth: int) -> None:
    mark = "> " * depth
    lines = [_action(message), *_remarks(message, "" if depth else content.page)]
    content.lines += [mark + line for line in lines if line]
    for attachment in records(message, "attachments"):
        kind = string(attachment, "type")
        if kind in {"wall", "wall_reply"}:
            _gather_post(kind, record(attachment, kind), content, depth)
            continue
        piece = piece_of(attachment)
        if piece.line:
            content.lines.append(mark + piece.line)
        if piece.file and not content.take_file(piece.file):
            content.lines.append(mark + bracketed("Не показан файл", piece.file.name))
    if place := _geo(message):
        content.lines.append(mark + place)
    for forwarded in records(message, "fwd_messages"):
        _nest(f"[Переслано от {who(number(forwarded, 'from_id'))}]", forwarded, content, depth + 1)
    answered = record(message, "reply_message")
    if answered and depth:
        _nest(f"[В ответ на сообщение {who(number(answered, 'from_id'))}]", answered, content, depth + 1)


def _nest(head: str, message: Json, content: Content, depth: int) -> None:
    """A message inside a message, as quoted lines."""
    if not content.may_show(depth):
        return
    mark = "> " * depth
    text = readable(string(message, "text"))
    content.lines += [mark + line for line in (head, *text.splitlines())]
    _gather(message, content, depth)


def _gather_post(kind: str, post: Json, content: Content, depth: int) -> None:
    """A post or a comment under one: its address, and below it what it says."""
    if kind == "wall":
        owner, item = number(post, "owner_id", "to_id", "from_id"), number(post, "id")
        head = bracketed("Запись", "", page_of("wall", {"owner_id": owner, "id": item}))
    else:
        page = page_of("wall", {"owner_id": number(post, "owner_id"), "id": number(post, "post_id")})
        head = bracketed("Комментарий", "", f"{page}?reply={number(post, 'id')}" if page else "")
    mark = "> " * depth
    content.lines.append(mark + head)
    if not content.may_show(depth + 1):
        return
    text = readable(string(post, "text"))
    content.lines += [f"{mark}> {line}" for line in text.splitlines()]
    _gather({"attachments": post.get("attachments")}, content, depth + 1)
    for source in records(post, "copy_history"):
        _gather_post("wall", source, content, depth + 1)


def _action(message: Json) -> str:
    """What a service message of a conversation says."""
    action = record(message, "action")
    kind = string(action, "type")
    if not kind:
        return ""
    said, member = title_of({"text": string(action, "text", "message")}), number(action, "member_id")
    if kind == "chat_kick_user" and member == number(message, "from_id"):
        return f"[Из беседы вышел {who(member)}]"
    if kind == "chat_invite_user" and member == number(message, "from_id"):
        return f"[В беседу вернулся {who(member)}]"
    if kind not in _ACTIONS:
        return f"[Служебное сообщение вида «{clean_name(kind, 64)}»]"
    if member and kind.startswith(("chat_invite", "chat_kick")):
        return f"[{_ACTIONS[kind]} {who(member)}]"
    return bracketed(_ACTIONS[kind], said)


def _remarks(message: Json, page: str) -> list[str]:
    remarks = {
        "is_cropped": bracketed("Сообщение сокращено ВКонтакте", "", f"целиком: {page}" if page else ""),
        "is_unavailable": "[Сообщение недоступно]",
        "is_expired": "[Исчезнувшее сообщение]",
    }
    return [text for name, text in remarks.items() if message.get(name)]


def _geo(message: Json) -> str:
    geo = record(message, "geo")
    if not geo:
        return ""
    point, title = location_of(message), title_of(record(geo, "place"))
    return bracketed("Геопозиция", title, f"{point['latitude']}, {point['longitude']}" if point else "")


def _degrees(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= 360:
        return None
    return float(value)


def _called(file: File) -> str:
    return "Фото" if file.type.startswith("image/") else f"Файл: {file.name}"
