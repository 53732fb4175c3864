"""Orders in a community's shop and filled-in forms: what a client asks for without a message."""

from datetime import datetime

from connectors.base import Envelope, Message
from connectors.text import clean_name, clean_text
from connectors.vk import addresses
from connectors.vk.attachments import bracketed, title_of
from connectors.vk.fields import Json, needed, number, record, records, string
from connectors.vk.messages import moment, sender

_MOST_LINES = 100


def ordered(_: Json, order: Json, at: datetime) -> list[Envelope]:
    """An order: what, how much, and what the client says to it."""
    user, own_id = needed(order, "user_id"), needed(order, "id")
    total = clean_name(string(record(order, "total_price"), "text"), 64)
    shown = clean_name(string(order, "display_order_id"), 64) or str(own_id)
    lines = [bracketed(f"Заказ {shown}", "", total), *map(_item, records(order, "preview_order_items")[:_MOST_LINES])]
    lines.append(clean_text(string(order, "comment")))
    date = number(order, "date")
    text = "\n".join(line for line in lines if line)
    key = addresses.order_key(user, own_id)
    return [Message(key, sender(user, {}), text, moment(date) if date else at, source_key=f"{own_id:020}")]


def lead(_: Json, lead_: Json, at: datetime) -> list[Envelope]:
    """A filled-in form: each question with its answer."""
    user, own_id = needed(lead_, "user_id"), needed(lead_, "lead_id")
    lines = [bracketed("Заявка", clean_name(string(lead_, "form_name")))]
    for answer in records(lead_, "answers")[:_MOST_LINES]:
        question = clean_text(string(answer, "question", "key"))
        lines.append(f"{question}: {clean_text(string(answer, 'answer'))}")
    key = addresses.lead_key(user, own_id)
    return [Message(key, sender(user, {}), "\n".join(lines), at, source_key=f"{own_id:020}")]


def _item(item: Json) -> str:
    price = clean_name(string(record(item, "price"), "text"), 64)
    amount = number(item, "quantity")
    return bracketed(
        "Товар", title_of(item) or title_of(record(item, "item")), f"{amount} шт." if amount else "", price
    )
