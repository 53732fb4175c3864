"""Pace: which letters may go now, and when the others may. It never sleeps; it sets the time of their next try."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connectors.abilities import Paced, Share
from connectors.registry import Channels
from storage import outbox, paces
from storage.db import Tx
from storage.outbox import Due

# recipient, files -> what a letter takes.
Of = Callable[[str, int], Share]


# What may go at once is this share of a second's worth; as much less goes in the long run, so that in no second there
# are more than allowed.
_BURST = 1 / 6


def paces_of(channels: Channels) -> dict[str, "Pace"]:
    """What each channel allows."""
    return {
        name: Pace(name, channels.settings[name].rate, connector.share if isinstance(connector, Paced) else None)
        for name, connector in channels.connectors.items()
    }


class Pace:
    """What one channel allows: at most `rate` letters' worth of calls in any second; 0 is no limit."""

    def __init__(self, channel: str, rate: float, of: Of | None = None) -> None:
        self._channel, self._of = channel, of or _alike
        burst = rate * _BURST
        self._gap = _gap(rate * (1 - _BURST) if burst > 1 else rate)
        self._tolerance = self._gap * max(burst - 1, 0.0)

    def admit(self, tx: Tx, due: Sequence[Due], at: datetime) -> tuple[list[int], float]:
        """Those that go at once, in the order given, and seconds until the channel takes more if it is full.

        Who must wait for his recipient is put off; who must wait for the channel stays due. The channel must be ours
        to send in. What counts as several letters goes where one may, and all that follows waits the longer: whoever
        waited for room for all of it would wait for ever where others go by.
        """
        shares = [self._of(letter.recipient, letter.files) for letter in due]
        free = paces.get(tx, self._channel, {paces.EVERYBODY, *(share.whom for share in shares)})
        spent: dict[str, datetime] = {}
        later: dict[int, datetime] = {}
        admitted: list[int] = []
        turn, wait = free.get(paces.EVERYBODY, at), 0.0
        for letter, share in zip(due, shares, strict=True):
            own = spent.get(share.whom) or free.get(share.whom, at)
            if own > at:
                later[letter.id] = own
                continue
            if (opens := turn - self._tolerance) > at:
                wait = (opens - at).total_seconds()
                break
            admitted.append(letter.id)
            turn = max(turn, at) + self._gap * share.calls
            spent |= {paces.EVERYBODY: turn, share.whom: at + _gap(share.rate)}
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

    def spent(self, tx: Tx, letter: Due, at: datetime) -> None:
        """A letter may have reached its recipient by now, with all it counts as.

        He may have been admitted long before a slow call came there.
        """
        share = self._of(letter.recipient, letter.files)
        if share.rate:
            paces.put(tx, self._channel, {share.whom: at + _gap(share.rate) * share.own})

    def pause(self, tx: Tx, seconds: float, at: datetime, recipient: str | None = None) -> None:
        """The channel asked for silence: nothing goes for `seconds`, or nothing to this recipient."""
        until = at + timedelta(seconds=seconds)
        if recipient is None:
            paces.put(tx, self._channel, {paces.EVERYBODY: until + self._tolerance})
        else:
            paces.put(tx, self._channel, {self._of(recipient, 0).whom: until})


def _gap(rate: float) -> timedelta:
    return timedelta(seconds=1 / rate) if rate else timedelta(0)


def _alike(recipient: str, _files: int) -> Share:
    return Share(recipient)
