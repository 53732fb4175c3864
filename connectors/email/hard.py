"""Mails that were asked for and did not come: tried again alone, in their turn and then later and later."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# How often one is asked for alone, how many of these times in its turn, for it may be the wire's fault, and the seconds
# between the others: twice as long each time, an hour in all. What is wrong with a server is mended by then, and it is
# the mail's own.
_TRIES, _IN_TURN, _FIRST_WAIT = 7, 2, 60.0


class _Hard(NamedTuple):
    tries: int
    due: float
    why: str


class HardOnes:
    """The UIDs of one folder that did not come, whether the server said no, nothing, or closed the connection."""

    def __init__(self) -> None:
        self._known: dict[int, _Hard] = {}

    def failed(self, uids: Sequence[int], why: str) -> None:
        """These did not come; whose fault it was is known of one that was asked for alone."""
        alone = len(uids) == 1
        for uid in uids:
            tries = (self._known[uid].tries if uid in self._known else 0) + alone
            wait = _FIRST_WAIT * 2 ** (tries - _IN_TURN) if _IN_TURN <= tries < _TRIES else 0.0
            self._known[uid] = _Hard(tries, time.monotonic() + wait, why)

    def passed_over(self, uids: Iterable[int]) -> None:
        """These were not asked for, since older ones did not come: they are asked for after those."""
        for uid in uids:
            self._known.setdefault(uid, _Hard(0, 0.0, ""))

    def came(self, uids: Iterable[int]) -> None:
        """These came."""
        for uid in uids:
            self._known.pop(uid, None)

    def keep(self, there: Iterable[int]) -> None:
        """Forget those that are not there any more."""
        if self._known:
            self._known = {uid: self._known[uid] for uid in there if uid in self._known}

    def given_up(self, uid: int) -> str:
        """Why it never came, if it is not to be asked for any more."""
        known = self._known.get(uid)
        return known.why if known is not None and known.tries >= _TRIES else ""

    def steps(self, uids: Sequence[int], most: int) -> Iterator[Sequence[int]]:
        """What to ask for together, `most` at once: the hard ones last, each alone, and only when it is due.

        Whoever takes a step says what became of it before the next: what did not come, and may yet, is asked for alone
        before any newer one, for what a client wrote is read in its order.
        """
        start = 0
        while start < len(uids):
            step = self._run(uids, start, most)
            if step[0] not in self._known:
                yield step
            for uid in step:
                while uid in self._known and self._known[uid].tries < _IN_TURN:
                    yield [uid]
            start += len(step)
        # Whoever is least to blame comes first: the others may end the connection.
        for uid in sorted(set(uids) & self._known.keys(), key=lambda uid: (self._known[uid].tries, uid)):
            if self._known[uid].due <= time.monotonic():
                yield [uid]

    def _run(self, uids: Sequence[int], start: int, most: int) -> Sequence[int]:
        """From `start` on: one that did not come alone, or those that nothing is known of, `most` at once."""
        end = start + 1
        if uids[start] not in self._known:
            while end < min(len(uids), start + most) and uids[end] not in self._known:
                end += 1
        return uids[start:end]

    def below(self, uid: int) -> int:
        """The UID below all of them, and `uid` at most."""
        return min([uid, *(known - 1 for known in self._known)])

    def wait(self, longest: float) -> float:
        """Seconds until the next of them is due, and `longest` at most."""
        first = min((known.due for known in self._known.values()), default=None)
        return longest if first is None else max(0.0, min(longest, first - time.monotonic()))
