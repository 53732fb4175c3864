"""Pace: which letters may go now, and when the others may. It never sleeps; it sets the time of their next try."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from storage import outbox, paces
from storage.db import Tx
from storage.outbox import Due

# recipient -> whom he is counted with, and how many letters a second they get.
Of = Callable[[str], tuple[str, float]]


# What may go at once is this share of a second's worth; as much less goes in the long run, so that in no second there
# are more than allowed.
_BURST = 1 / 6


class Pace:
    """What one channel allows: at most `rate` letters in any second; 0 is no limit."""

    def __init__(self, channel: str, rate: float, of: Of | None = None) -> None:
        self._channel, self._of = channel, of or _no_limit
        burst = rate * _BURST
        self._gap = _gap(rate * (1 - _BURST) if burst > 1 else rate)
        self._tolerance = self._gap * max(burst - 1, 0.0)

    def admit(self, tx: Tx, due: Sequence[Due], at: datetime) -> tuple[list[int], float]:
        """Those that go at once, in the order given, and seconds until the channel takes more if it is full.

        Who must wait for his recipient is put off; who must wait for the channel stays due. The channel must be ours
        to send in.
        """
        free = paces.get(tx, self._channel, {paces.EVERYBODY, *(self._of(letter.recipient)[0] for letter in due)})
        spent: dict[str, datetime] = {}
        later: dict[int, datetime] = {}
        admitted: list[int] = []
        turn, wait = free.get(paces.EVERYBODY, at), 0.0
        for letter in due:
            whom, rate = self._of(letter.recipient)
            own = spent.get(whom) or free.get(whom, at)
            if own > at:
                later[letter.id] = own
                continue
            if (opens := turn - self._tolerance) > at:
                wait = (opens - at).total_seconds()
                break
            admitted.append(letter.id)
            turn = max(turn, at) + self._gap
            spent |= {paces.EVERYBODY: turn, whom: at + _gap(rate)}
        paces.put(tx, self._channel, {who: until for who, until in spent.items() if until > at})
        outbox.postpone(tx, later)
        return admitted, wait

    def spare(self, tx: Tx, most: int, at: datetime) -> tuple[int, float]:
        """How much of what has no recipient's limit goes at once, and seconds until more does if that is not all."""
        turn, count = paces.get(tx, self._channel, {paces.EVERYBODY}).get(paces.EVERYBODY, at), 0
        while count < most and turn - self._tolerance <= at:
            turn, count = max(turn, at) + self._gap, count + 1
        if turn > at:
            paces.put(tx, self._channel, {paces.EVERYBODY: turn})
        return count, 0.0 if count == most else (turn - self._tolerance - at).total_seconds()

    def spent(self, tx: Tx, recipient: str, at: datetime) -> None:
        """A letter has reached its recipient by now: he may have been admitted long before a slow call came there."""
        whom, rate = self._of(recipient)
        if rate:
            paces.put(tx, self._channel, {whom: at + _gap(rate)})

    def pause(self, tx: Tx, seconds: float, at: datetime, recipient: str | None = None) -> None:
        """The channel asked for silence: nothing goes for `seconds`, or nothing to this recipient."""
        until = at + timedelta(seconds=seconds)
        if recipient is None:
            paces.put(tx, self._channel, {paces.EVERYBODY: until + self._tolerance})
        else:
            paces.put(tx, self._channel, {self._of(recipient)[0]: until})


def _gap(rate: float) -> timedelta:
    return timedelta(seconds=1 / rate) if rate else timedelta(0)


def _no_limit(recipient: str) -> tuple[str, float]:
    return recipient, 0.0
