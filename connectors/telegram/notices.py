"""Notices: what Telegram itself writes into a chat, as a short line in brackets."""

from collections.abc import Callable

from connectors.telegram.fields import Json, line, name, number, part, parts, words


def notice(message: Json) -> str:
    """The line for the notice a message is; empty if it is none that is known."""
    for kind, tell in _TOLD.items():
        if message.get(kind):
            return f"[{tell(message)}]"
    for kind, said in _SAID.items():
        if message.get(kind):
            return f"[{said}]"
    return ""


def _joined(message: Json) -> str:
    people = parts(message, "new_chat_members")
    return f"В чат вошли: {', '.join(name(person) for person in people[:20])}"


def _title(kind: str, said: str) -> Callable[[Json], str]:
    return lambda message: f"{said}: {line(message, kind)}"


def _titled(kind: str, said: str, key: str) -> Callable[[Json], str]:
    def tell(message: Json) -> str:
        title = line(part(message, kind), key)
        return f"{said}: {title}" if title else said

    return tell


def _pinned(message: Json) -> str:
    pinned = part(message, "pinned_message")
    said = line(pinned, "text") or line(pinned, "caption")
    return f"Закреплено сообщение: {said}" if said else "Закреплено сообщение"


def _paid(kind: str, said: str) -> Callable[[Json], str]:
    def tell(message: Json) -> str:
        payment = part(message, kind)
        currency, amount = line(payment, "currency"), number(payment, "total_amount")
        # Stars have no hundredths.
        money = f"{amount} ⭐" if currency == "XTR" else f"{amount / 100:.2f} {currency}".replace(".", ",")
        return ", ".join(filter(None, (f"{said}: {line(payment, 'title') or money}", line(payment, "description"))))

    return tell


def _from_app(message: Json) -> str:
    data = part(message, "web_app_data")
    return f"Данные из мини-приложения «{line(data, 'button_text')}»: {words(data, 'data')}"


def _chosen(message: Json) -> str:
    people = parts(part(message, "users_shared"), "users")
    return f"Выбраны люди: {', '.join(name(person) or str(number(person, 'user_id')) for person in people[:20])}"


_TOLD: dict[str, Callable[[Json], str]] = {
    "new_chat_members": _joined,
    "left_chat_member": lambda message: f"Чат покинул: {name(part(message, 'left_chat_member'))}",
    "new_chat_title": _title("new_chat_title", "Новое название чата"),
    "pinned_message": _pinned,
    "connected_website": _title("connected_website", "Вход на сайт через Telegram"),
    "invoice": _paid("invoice", "Счёт"),
    "successful_payment": _paid("successful_payment", "Оплачено"),
    "refunded_payment": _paid("refunded_payment", "Платёж возвращён"),
    "web_app_data": _from_app,
    "users_shared": _chosen,
    "chat_shared": _titled("chat_shared", "Выбран чат", "title"),
    "game": _titled("game", "Игра", "title"),
    "forum_topic_created": _titled("forum_topic_created", "Создана тема", "name"),
    "forum_topic_edited": _titled("forum_topic_edited", "Тема изменена", "name"),
}  # fmt: skip
_SAID = {
    "new_chat_photo": "Новое фото чата",
    "delete_chat_photo": "Фото чата удалено",
    "group_chat_created": "Группа создана",
    "supergroup_chat_created": "Группа создана",
    "channel_chat_created": "Канал создан",
    "message_auto_delete_timer_changed": "Изменён срок хранения сообщений в чате",
    "write_access_allowed": "Боту разрешено писать",
    "passport_data": "Данные Telegram Passport",
    "proximity_alert_triggered": "Собеседники оказались рядом",
    "boost_added": "Чат поддержали голосом",
    "chat_background_set": "Новый фон чата",
    "forum_topic_closed": "Тема закрыта",
    "forum_topic_reopened": "Тема открыта снова",
    "general_forum_topic_hidden": "Общая тема скрыта",
    "general_forum_topic_unhidden": "Общая тема показана",
    "video_chat_scheduled": "Назначен видеочат",
    "video_chat_started": "Начался видеочат",
    "video_chat_ended": "Видеочат закончился",
    "video_chat_participants_invited": "Приглашение в видеочат",
}
