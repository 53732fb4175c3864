"""The ledger: what the outside world did and saw, written down line by line, outside the blast radius."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

# What a line tells. A token is the one word of a text that makes it unique: w7.12 is message 12 of writer 7.
TOLD = "told"  # writer, number, token: about to be sent for the first time
ACKED = "acked"  # writer, number, token: the system said that it has it
LATE = "late"  # token: its messenger may have told of it only after a later one of the same writer
GOT = "got"  # writer, token, key: a reply arrived; `key` is what tells repeats of it apart
SHOWN = "shown"  # writer, [token]: the visitor's own history, oldest first, his messages and the replies
COPY = "copy"  # token, name, hash: a reply arrived by mail: its Message-ID, and the hash of all its bytes
ANSWERED = "answered"  # token, reply: the mail with this token names the mail with that reply as the one it answers
ACCEPTED = "accepted"  # dialog, number, token, message: the system took an operator's reply
VIEWED = "viewed"  # dialog, [token]: the same dialog as operators see it, oldest first
SEEN = "seen"  # follower, event: a line of the feed arrived
WRONG = "wrong"  # what: something nobody should ever see
ANSWERS = "answers"  # {status: number}: how the door answered over the whole run


class Ledger:
    """Appends to the file; each line is in the operating system's hands before `note` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def note(self, kind: str, *values: Any) -> None:
        """Write down one thing."""
        self._file.write(json.dumps([kind, *values], ensure_ascii=False).encode() + b"\n")

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read(path: Path) -> Iterator[tuple[str, list[Any]]]:
    """The lines of a ledger: the kind, and the values."""
    with path.open("rb") as file:
        for line in file:
            kind, *values = json.loads(line)
            yield kind, values
