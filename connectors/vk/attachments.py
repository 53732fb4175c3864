"""What hangs on a message of VK's: a file where there is one, a line in square brackets for the rest."""

import mimetypes
from collections.abc import Callable
from typing import Any, NamedTuple

from connectors.base import File
from connectors.text import clean_name
from connectors.vk.fields import Json, number, record, records, string

# The types this library brings along: those of the machine would make `parse` depend on it.
_TYPES = mimetypes.MimeTypes(filenames=())
_LONGEST_NAME, _LONGEST_URL = 200, 2048


class Piece(NamedTuple):
    """What becomes of one attachment."""

    line: str = ""
    file: File | None = None


def piece_of(attachment: Json) -> Piece:
    """The line and the file of an attachment that holds nothing further."""
    kind = string(attachment, "type")
    body = record(attachment, kind)
    if kind in _KINDS:
        return _KINDS[kind](body)
    if kind in _LABELS:
        return Piece(bracketed(_LABELS[kind], title_of(body), link_of(body)))
    return Piece(f"[Вложение вида «{clean_name(kind, 64) or 'неизвестно'}»]")


def bracketed(label: str, title: str = "", *more: str) -> str:
    """A placeholder: `[label «title», more]`, without what is empty."""
    named = f"{label} «{title}»" if title else label
    return f"[{', '.join(part for part in (named, *more) if part)}]"


def title_of(body: Json) -> str:
    """What an object is called."""
    return clean_name(string(body, "title", "name", "text", "question"), _LONGEST_NAME)


def link_of(body: Json, *names: str) -> str:
    """The web address an object gives for itself."""
    url = string(body, *(names or ("url", "view_url", "join_link", "permalink", "share_url")))
    fits = url.startswith(("https://", "http://")) and len(url) <= _LONGEST_URL and url.isprintable()
    return url if fits and " " not in url else ""


def page_of(kind: str, body: Json) -> str:
    """The page of an object in VK; nothing when it has no id."""
    owner, item = number(body, "owner_id", "from_id"), number(body, "id")
    return f"https://vk.com/{kind}{owner}_{item}" if owner and item else ""


def clock(seconds: int) -> str:
    """A length of time: 0:12, 1:02:03."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _largest(images: list[Json]) -> str:
    """The address of the picture with most pixels."""
    shown = [(number(image, "width") * number(image, "height"), link_of(image, "url", "src")) for image in images]
    return max((entry for entry in shown if entry[1]), default=(0, ""))[1]


def _picture(name: str, type_: str, url: str, label: str, *, named: bool = False) -> Piece:
    """A picture; with `named` also the line, for what a picture alone would not tell."""
    if not url:
        return Piece(f"[{label}]")
    return Piece(f"[{label}]" if named else "", File(name, type_, source=url, key=name))


def _photo(body: Json) -> Piece:
    original = record(body, "orig_photo")
    # Old photos have no sizes of width and height, but VK lists them from small to large.
    url = _largest([*reversed(records(body, "sizes")), original] if original else records(body, "sizes")[::-1])
    name = f"photo{number(body, 'owner_id')}_{number(body, 'id')}.jpg"
    piece = _picture(name, "image/jpeg", url, "Фото")
    return piece if piece.file else Piece(bracketed("Фото", "", page_of("photo", body)))


def _document(body: Json) -> Piece:
    extension = clean_name(string(body, "ext"), 16).lower()
    name = clean_name(string(body, "title"), _LONGEST_NAME) or f"doc{number(body, 'id')}"
    if extension and not name.lower().endswith(f".{extension}"):
        name = f"{name}.{extension}"
    size, url = max(number(body, "size"), 0), link_of(body, "url")
    if not url:
        return Piece(bracketed("Файл", name, _measure(size)))
    key = f"doc{number(body, 'owner_id')}_{number(body, 'id')}"
    return Piece("", File(name, _TYPES.guess_type(name)[0] or "", size, source=url, key=key))


def _measure(size: int) -> str:
    for unit, least in (("ГБ", 1 << 30), ("МБ", 1 << 20), ("КБ", 1 << 10)):
        if size >= least:
            return f"{size / least:.1f} {unit}".replace(".", ",")
    return f"{size} Б" if size else ""


def _voice(body: Json) -> Piece:
    heard = clean_name(string(body, "transcript"), 4096)
    line = bracketed("Голосовое сообщение", heard, clock(number(body, "duration")))
    ogg, mp3 = link_of(body, "link_ogg"), link_of(body, "link_mp3")
    name = f"voice{number(body, 'owner_id')}_{number(body, 'id')}"
    if ogg:
        return Piece(line, File(f"{name}.ogg", "audio/ogg", source=ogg, key=name))
    return Piece(line, File(f"{name}.mp3", "audio/mpeg", source=mp3, key=name) if mp3 else None)


def _video(body: Json) -> Piece:
    label = {"video_message": "Видеосообщение", "short_video": "Клип", "live": "Трансляция"}
    length = number(body, "duration")
    kind = label.get(string(body, "type"), "Видео")
    return Piece(bracketed(kind, title_of(body), clock(length) if length else "", page_of("video", body)))


def _audio(body: Json) -> Piece:
    title = " — ".join(part for part in (clean_name(string(body, "artist"), 100), title_of(body)) if part)
    length = number(body, "duration")
    return Piece(bracketed("Аудиозапись", title, clock(length) if length else ""))


def _sticker(body: Json) -> Piece:
    url = _largest(records(body, "images"))
    return _picture(f"sticker{number(body, 'sticker_id')}.png", "image/png", url, "Стикер", named=True)


def _gift(body: Json) -> Piece:
    url = link_of(body, "thumb_512", "thumb_256", "thumb_96", "thumb_48")
    return _picture(f"gift{number(body, 'id')}.png", "image/png", url, "Подарок", named=True)


def _graffiti(body: Json) -> Piece:
    name = f"graffiti{number(body, 'owner_id')}_{number(body, 'id')}.png"
    return _picture(name, "image/png", link_of(body), "Граффити", named=True)


def _goods(body: Json) -> Piece:
    owner, item = number(body, "owner_id"), number(body, "id")
    price = clean_name(string(record(body, "price"), "text"), 64)
    link = f"https://vk.com/market{owner}?w=product{owner}_{item}" if owner and item else link_of(body)
    return Piece(bracketed("Товар", title_of(body), price, link))


def _link(body: Json) -> Piece:
    return Piece(bracketed("Ссылка", title_of(body), link_of(body)))


def _poll(body: Json) -> Piece:
    answers = "; ".join(title_of(answer) for answer in records(body, "answers")[:20])
    return Piece(bracketed("Опрос", title_of(body), answers, page_of("poll", body)))


def _story(body: Json) -> Piece:
    if body.get("is_expired") or body.get("is_deleted"):
        return Piece(bracketed("История, уже недоступна", "", page_of("story", body)))
    return Piece(bracketed("История", "", page_of("story", body)))


def _call(body: Json) -> Piece:
    ended = {"canceled_by_initiator": "отменён звонившим", "canceled_by_receiver": "отклонён"}
    length = number(body, "duration")
    what = ended.get(string(body, "state")) or (clock(length) if length else "")
    return Piece(bracketed("Видеозвонок" if body.get("video") else "Звонок", "", what))


def _app(body: Json) -> Piece:
    item = number(record(body, "app") or body, "id", "app_id")
    link = f"https://vk.com/app{item}" if item else ""
    return Piece(bracketed("Мини-приложение", title_of(record(body, "app") or body), link))


_KINDS: dict[str, Callable[[Any], Piece]] = {
    "photo": _photo, "posted_photo": _photo, "doc": _document, "audio_message": _voice, "video": _video,
    "audio": _audio, "sticker": _sticker, "gift": _gift, "graffiti": _graffiti, "market": _goods, "link": _link,
    "poll": _poll, "story": _story, "call": _call, "mini_app": _app,
}  # fmt: skip

# Those that have at most a title and an address.
_LABELS = {
    "article": "Статья", "podcast": "Подкаст", "album": "Альбом", "market_album": "Подборка товаров",
    "audio_playlist": "Плейлист", "video_playlist": "Плейлист видео", "note": "Заметка", "page": "Вики-страница",
    "event": "Мероприятие", "group_call_in_progress": "Групповой звонок", "narrative": "Сюжет", "clip": "Клип",
}  # fmt: skip
