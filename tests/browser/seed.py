"""What the tests of this folder put into the house without a channel that could say it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from connectors.base import ChannelSettings, Envelope, Message, Sender
from pipeline.stitch import Parsed, stitch
from storage import journal
from storage.db import Database
from tests.browser.server import Okno

CHANNEL = "messenger"
_POLICIES = {CHANNEL: ChannelSettings(kind="any")}


def said(who: Sender, text: str, **more: object) -> Message:
    """Something a client of the messenger wrote just now."""
    key = f"{who.address}:{text[:40]}"
    return Message(key, who, text, datetime.now(UTC), **more)  # type: ignore[arg-type]


def take_in(okno: Okno, envelopes: Sequence[Envelope]) -> None:
    """Have what the messenger gave taken in, as the pipeline does it."""
    db = Database(f"sqlite:///{okno.folder / 'okno.db'}")
    try:
        with db.begin() as tx:
            journal.append(tx, stitch(tx, [Parsed(CHANNEL, list(envelopes))], _POLICIES))
    finally:
        db.close()
