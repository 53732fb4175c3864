"""Sets of UIDs as ranges: half a million mails that were read one after the other are two numbers."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Set
from itertools import chain


class Uids(Set[int]):
    """An immutable set; it iterates in ascending order, and `str` gives it as IMAP writes sets: 1:5,7."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._firsts, self._lasts = array("L"), array("L")
        for number in sorted(set(numbers)):
            self._put(number, number)

    @classmethod
    def read(cls, text: str) -> "Uids":
        """The set that `str` wrote."""
        found = cls()
        for piece in filter(None, text.split(",")):
            first, _, last = piece.partition(":")
            found._put(int(first), int(last or first))
        return found

    def __str__(self) -> str:
        return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in self._ranges())

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and self._lasts[at] >= number

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(first, last + 1) for first, last in self._ranges())

    def __len__(self) -> int:
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __hash__(self) -> int:
        return self._hash()

    @property
    def last(self) -> int:
        """The greatest; 0 where there is none."""
        return self._lasts[-1] if self._lasts else 0

    def plus(self, numbers: Iterable[int]) -> "Uids":
        """With these too."""
        more = Uids(numbers)
        if not more:
            return self
        start = bisect_left(self._lasts, more._firsts[0] - 1)
        end = bisect_right(self._firsts, more.last + 1)
        between = Uids()
        for first, last in sorted([*self._part(start, end)._ranges(), *more._ranges()]):
            between._put(first, last)
        return self._part(0, start)._then(between)._then(self._part(end, len(self._firsts)))

    def minus(self, numbers: Iterable[int]) -> "Uids":
        """Without these."""
        less = sorted(numbers)
        if not less:
            return self
        start, end = bisect_left(self._lasts, less[0]), bisect_right(self._firsts, less[-1])
        between = Uids()
        for first, last in self._part(start, end)._ranges():
            for number in less[bisect_left(less, first) : bisect_right(less, last)]:
                between._put(first, number - 1)
                first = number + 1
            between._put(first, last)
        return self._part(0, start)._then(between)._then(self._part(end, len(self._firsts)))

    def above(self, number: int) -> "Uids":
        """Those greater than this."""
        start = bisect_right(self._lasts, number)
        found = self._part(start, len(self._firsts))
        if found._firsts:
            found._firsts[0] = max(found._firsts[0], number + 1)
        return found

    def _part(self, start: int, end: int) -> "Uids":
        found = Uids()
        found._firsts, found._lasts = self._firsts[start:end], self._lasts[start:end]
        return found

    def _then(self, more: "Uids") -> "Uids":
        found = Uids()
        found._firsts, found._lasts = self._firsts + more._firsts, self._lasts + more._lasts
        return found

    def _ranges(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def _put(self, first: int, last: int) -> None:
        """A range, if it is one, that begins behind where all others do."""
        if self._lasts and first <= self._lasts[-1] + 1:
            self._lasts[-1] = max(self._lasts[-1], last)
        elif first <= last:
            self._firsts.append(first)
            self._lasts.append(last)
