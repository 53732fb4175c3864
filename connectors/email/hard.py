"""Mails that were asked for and did not come: tried again alone, later and later, they hold up no other."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# How often one is asked for alone, and the seconds between: the second time at once, for it may be the wire's fault,
# then twice as long each time, an hour in all. What is wrong with a server is mended by then, and it is the mail's own.
_TRIES, _FIRST_WAIT = 7, 60.0


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
            wait = _FIRST_WAIT * 2 ** (tries - 2) if 1 < tries < _TRIES else 0.0
            self._known[uid] = _Hard(tries, time.monotonic() + wait, why)

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
        """What to ask for together, `most` at once: the hard ones last, each alone, and only when it is due."""
        easy = [uid for uid in uids if uid not in self._known] if self._known else uids
        for start in range(0, len(easy), most):
            yield easy[start : start + most]
        # Whoever is least to blame comes first: the others may end the connection.
        for uid in sorted(set(uids) & self._known.keys(), key=lambda uid: (self._known[uid].tries, uid)):
            if self._known[uid].due <= time.monotonic():
                yield [uid]

    def below(self, uid: int) -> int:
        """The UID below all of them, and `uid` at most."""
        return min([uid, *(known - 1 for known in self._known)])

    def wait(self, longest: float) -> float:
        """Seconds until the next of them is due, and `longest` at most."""
        first = min((known.due for known in self._known.values()), default=None)
        return longest if first is None else max(0.0, min(longest, first - time.monotonic()))
