"""How far a folder has been read: below a number everything, above it what stands in a set."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec


class _Cursor(msgspec.Struct, omit_defaults=True):
    validity: int
    low: int = 0
    above: str = ""
    unsettled: str = ""
    since: int = 0


@dataclass(frozen=True)
class Place:
    """UIDs of one UIDVALIDITY that are stored: all up to `low`, whether or not they ever were, and those of `above`.

    `unsettled` are stored and still to be marked or moved. What came before `since` (unix time) was there long before
    us. UIDs may become visible out of order, and other clients move mails away and back: so `low` follows days behind.
    """

    validity: int
    low: int = 0
    above: frozenset[int] = field(default_factory=frozenset)
    unsettled: frozenset[int] = field(default_factory=frozenset)
    since: int = 0

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """The place a cursor names."""
        kept = msgspec.json.decode(cursor, type=_Cursor)
        return cls(kept.validity, kept.low, _numbers(kept.above), _numbers(kept.unsettled), kept.since)

    def cursor(self) -> str:
        """The cursor that names the place."""
        kept = _Cursor(self.validity, self.low, _ranges(self.above), _ranges(self.unsettled), self.since)
        return msgspec.json.encode(kept).decode()

    def unknown(self, uids: Iterable[int]) -> list[int]:
        """Those of the UIDs that are not stored, ascending."""
        return sorted(uid for uid in set(uids) if uid > self.low and uid not in self.above)

    def with_stored(self, uids: Iterable[int], *, settle: bool) -> "Place":
        """The place once these are stored too; with `settle` they are still to be marked or moved."""
        more = frozenset(uids)
        unsettled = self.unsettled | more if settle else self.unsettled
        return replace(self, above=self.above | more, unsettled=unsettled)

    def with_settled(self, uids: Iterable[int]) -> "Place":
        """The place once these are marked or moved."""
        return replace(self, unsettled=self.unsettled - frozenset(uids))

    def up_to(self, low: int) -> "Place":
        """The place once nothing up to `low` will be looked for any more."""
        low = max(low, self.low)
        return replace(self, low=low, above=frozenset(uid for uid in self.above if uid > low))


def _ranges(numbers: Iterable[int]) -> str:
    """As IMAP writes sets: 1:5,7."""
    pieces: list[list[int]] = []
    for number in sorted(numbers):
        if pieces and number == pieces[-1][1] + 1:
            pieces[-1][1] = number
        else:
            pieces.append([number, number])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in pieces)


def _numbers(ranges: str) -> frozenset[int]:
    found: set[int] = set()
    for piece in filter(None, ranges.split(",")):
        first, _, last = piece.partition(":")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
