"""Pace: which letters may go now, and when the others may. It never sleeps; it sets the time of their next try."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from storage import outbox, paces
from storage.db import Tx
from storage.outbox import Due

Rate = Callable[[str], float]


class Pace:
    """What one channel allows: `rate` letters a second, with a burst of one second's worth; 0 is no limit.

    `of` says how many a second a recipient may get, one after the other.
    """

    def __init__(self, channel: str, rate: float, of: Rate | None = None) -> None:
        self._channel, self._rate, self._of = channel, rate, of or _no_limit
        burst = max(rate, 1.0)
        self._tolerance = timedelta(seconds=(burst - 1) / rate if rate else 0.0)

    def admit(self, tx: Tx, due: Sequence[Due], at: datetime) -> list[int]:
        """Those that go at once, in the order given; the others are put off. The channel must be ours to send in."""
        free = paces.get(tx, self._channel, {paces.EVERYBODY, *(letter.recipient for letter in due)})
        spent: dict[str, datetime] = {}
        later: dict[int, datetime] = {}
        admitted: list[int] = []
        # Each that must wait for the channel has a turn of its own: all at once they would only be put off again.
        turn = free.get(paces.EVERYBODY, at)
        for letter in due:
            own = spent.get(letter.recipient) or free.get(letter.recipient, at)
            if own > at:
                later[letter.id] = own
                continue
            opens = turn - self._tolerance
            turn = max(turn, at) + _gap(self._rate)
            if opens > at:
                later[letter.id] = opens
                continue
            admitted.append(letter.id)
            spent[paces.EVERYBODY] = turn
            spent[letter.recipient] = at + _gap(self._of(letter.recipient))
        paces.put(tx, self._channel, {who: until for who, until in spent.items() if until > at})
        outbox.postpone(tx, later)
        return admitted

    def pause(self, tx: Tx, seconds: float, at: datetime, recipient: str = paces.EVERYBODY) -> None:
        """The channel asked for silence: nothing goes for `seconds`, or nothing to this recipient."""
        until = at + timedelta(seconds=seconds)
        paces.put(tx, self._channel, {recipient: until if recipient else until + self._tolerance})


def _gap(rate: float) -> timedelta:
    return timedelta(seconds=1 / rate) if rate else timedelta(0)


def _no_limit(_: str) -> float:
    return 0.0
