"""What visitors write: messages of 300 to 600 bytes in two languages, the same in every run."""

import random
from collections.abc import Iterator

import orjson

from connectors.abilities import Chat
from connectors.base import Raw, Sender
from storage.db import now

_RUSSIAN = (
    "заказ", "пришёл", "сегодня", "но", "размер", "не", "тот", "можно", "ли", "обменять", "его", "на", "больший", "и",
    "сколько", "это", "займёт", "времени", "курьер", "обещал", "позвонить", "завтра", "утром", "спасибо", "адрес",
)  # fmt: skip
_ENGLISH = (
    "the", "parcel", "arrived", "today", "but", "its", "size", "is", "wrong", "could", "you", "change", "it", "for",
    "a", "larger", "one", "and", "how", "long", "will", "that", "take", "thank", "you", "courier", "address",
)  # fmt: skip
_LEAST, _MOST = 300, 600


def texts(count: int) -> list[str]:
    """So many different texts."""
    chance = random.Random(7)
    return [_text(chance, _RUSSIAN if n % 2 else _ENGLISH) for n in range(count)]


def visitor(number: int) -> Sender:
    """The visitor of this number."""
    return Sender(f"anon:{number:08x}benchmark00000", f"Visitor {number}")


def raws(chat: Chat, count: int, visitors: int, first: int = 0) -> Iterator[Raw]:
    """`count` messages of `visitors` people, as the door packs them; ids from `first` on."""
    chance = random.Random(11)
    pool = texts(500)
    for number in range(first, first + count):
        writer = visitor(chance.randrange(visitors))
        yield raw(chat, writer, f"m{number}", pool[number % len(pool)])


def raw(chat: Chat, writer: Sender, key: str, text: str) -> Raw:
    """One message, as the door packs it."""
    return chat.message(writer, orjson.dumps({"id": key, "text": text}), now())


def _text(chance: random.Random, words: tuple[str, ...]) -> str:
    wanted = chance.randrange(_LEAST, _MOST)
    text = ""
    while len(text.encode()) < wanted:
        text += chance.choice(words) + " "
    return text.strip()
