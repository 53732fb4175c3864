"""What the HTTP door's handlers work with; the application keeps it as `app.state.house`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from starlette.requests import HTTPConnection

from api.feed import Feed
from connectors.registry import Channels
from settings import Settings
from storage.db import Database
from storage.files import FileStore


def _nowhere() -> str:
    return "none"


def _never() -> bool:
    return False


@dataclass(frozen=True)
class House:
    """One process's means.

    `ring` rings the bells of channels that have letters, `ring_inbox` that of the inbox; neither raises.
    `broker` says in one word how the broker is: "up", "down", or "none". `settled`: it has found its own schema once.
    """

    settings: Settings
    db: Database
    channels: Channels
    ring: Callable[[set[str]], None]
    ring_inbox: Callable[[], None]
    feed: Feed
    files: FileStore
    broker: Callable[[], str] = _nowhere
    settled: Callable[[], bool] = _never


def house(request: HTTPConnection) -> House:
    """The house of the application that serves the request."""
    return cast(House, request.app.state.house)
