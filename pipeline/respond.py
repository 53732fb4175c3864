"""Respond: what goes back to clients by itself, written in the commit that takes their words in."""

from collections.abc import Iterable, Sequence

from pipeline.identify import Written
from storage import outbox, signals, talk
from storage.db import Tx


def wanted(written: Iterable[Written]) -> list[Written]:
    """Those that are answered by a machine."""
    return [(channel, message) for channel, message in written if message.respond and not message.history]


def write(tx: Tx, asked: Sequence[Written], answers: Sequence[talk.NewMessage]) -> None:
    """A letter for each answer to what was asked. Nobody waits for it: with its outcome unknown it is held."""
    letters = [
        outbox.NewLetter(
            row.id, row.dialog_id, 0, channel, message.sender.address, "send", {"text": row.text, "files": []},
            row.sent_at, automatic=True,
        )
        for (channel, message), row in zip(asked, answers, strict=True)
    ]  # fmt: skip
    outbox.put(tx, letters)


def acknowledge(tx: Tx, written: Iterable[Written]) -> None:
    """Tell the channels of the buttons that were pressed that the press counts."""
    presses = [
        signals.NewSignal(channel, message.sender.address, "press", message.press)
        for channel, message in written
        if message.press is not None and not message.history
    ]
    signals.put(tx, presses)
