"""Files of a Telegram message: what can be fetched, and what is said of those that cannot."""

from typing import NamedTuple

from connectors.base import File
from connectors.telegram.fields import Json, line, number, part, parts

# The Bot API gives no larger file.
LARGEST = 20 * 1024 * 1024

_RUSSIAN = ("ru", "be", "uk", "kk")
_SORRY_RU = (
    "Файл «{}» слишком большой: мы можем принять до 20 МБ. Пришлите его, пожалуйста, по почте или ссылкой."
)  # fmt: skip
_SORRY_EN = "The file “{}” is too large: we can take up to 20 MB. Please send it by e-mail or as a link."


class _Media(NamedTuple):
    """What a kind of media is called, and what its file is when it does not say."""

    label: str
    file: str
    type: str


_MEDIA = {
    "animation": _Media("GIF", "animation.mp4", "video/mp4"),
    "audio": _Media("Аудиозапись", "audio.mp3", "audio/mpeg"),
    "document": _Media("Файл", "file", ""),
    "live_photo": _Media("Живое фото", "live_photo.mp4", "video/mp4"),
    "photo": _Media("Фото", "photo.jpg", "image/jpeg"),
    "video": _Media("Видео", "video.mp4", "video/mp4"),
    "video_note": _Media("Видеосообщение", "video_note.mp4", "video/mp4"),
    "voice": _Media("Голосовое сообщение", "voice.ogg", "audio/ogg"),
}
# Their text says what they are even beside their file: nobody sees that of a sound or a round video.
_SPOKEN = frozenset({"voice", "video_note"})


class Media(NamedTuple):
    """Files, and what stands for them in the text: `label` always, `name` where the message has no other words."""

    files: tuple[File, ...]
    label: str
    name: str
    too_large: str = ""


def media(message: Json) -> Media | None:
    """The files of the message, if it is of a kind that has some."""
    kind = next((kind for kind in _MEDIA if message.get(kind)), None)
    if kind is None:
        return None
    if kind == "photo":
        return _of_photo(message)
    item, known = part(message, kind), _MEDIA[kind]
    file = _file(item, _file_name(item, known), line(item, "mime_type") or known.type)
    files = (file, *_still(item)) if kind == "live_photo" else (file,)
    if file.source is None:
        return Media(files, f"[Файл слишком большой: {file.name}, {size(file.size)}]", "", file.name)
    label = f"[{known.label}, {duration(number(item, 'duration', 0))}]" if kind in _SPOKEN else ""
    name = f"[{known.label}: {file.name}]" if kind in {"document", "audio"} else f"[{known.label}]"
    return Media(files, label, name)


def sticker(item: Json) -> tuple[File, ...]:
    """The picture of a sticker that does not move."""
    if item.get("is_animated") or item.get("is_video"):
        return ()
    return (_file(item, "sticker.webp", "image/webp"),)


def sorry(file_name: str, language: str) -> str:
    """What a client is told whose file is too large."""
    russian = not language or language.lower().startswith(_RUSSIAN)
    return (_SORRY_RU if russian else _SORRY_EN).format(file_name)


def size(count: int) -> str:
    """A number of bytes the way people write it."""
    value, unit = float(count), "Б"
    for larger in ("КБ", "МБ", "ГБ", "ТБ"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f}".removesuffix(".0").replace(".", ",") + f" {unit}"


def duration(seconds: int) -> str:
    """Minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _of_photo(message: Json) -> Media:
    known = _MEDIA["photo"]
    return Media(_still(message), "", f"[{known.label}]")


def _still(item: Json) -> tuple[File, ...]:
    """The largest size of a photo, if there is one."""
    sizes = parts(item, "photo")
    if not sizes:
        return ()
    largest = max(sizes, key=lambda found: number(found, "width", 0) * number(found, "height", 0))
    return (_file(largest, _MEDIA["photo"].file, _MEDIA["photo"].type),)


def _file_name(item: Json, known: _Media) -> str:
    given = line(item, "file_name", 255)
    if given:
        return given
    title = " - ".join(filter(None, (line(item, "performer"), line(item, "title"))))
    return f"{title}.mp3" if title else known.file


def _file(item: Json, name: str, kind: str) -> File:
    length, source = max(number(item, "file_size", 0), 0), line(item, "file_id", 512)
    if not source:
        raise ValueError("a file without file_id")
    key = line(item, "file_unique_id", 512)
    return File(name, kind, length, source=source if length <= LARGEST else None, key=key)
