"""How far a folder has been read: below a number everything, above it what stands in a set."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from connectors.email.uids import Uids


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
    above: Uids = field(default_factory=Uids)
    unsettled: Uids = field(default_factory=Uids)
    since: int = 0

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """The place a cursor names."""
        kept = msgspec.json.decode(cursor, type=_Cursor)
        return cls(kept.validity, kept.low, Uids.read(kept.above), Uids.read(kept.unsettled), kept.since)

    def cursor(self) -> str:
        """The cursor that names the place."""
        kept = _Cursor(self.validity, self.low, str(self.above), str(self.unsettled), self.since)
        return msgspec.json.encode(kept).decode()

    @property
    def newest(self) -> int:
        """The greatest UID that is stored."""
        return max(self.above.last, self.low)

    def unknown(self, uids: Iterable[int]) -> Sequence[int]:
        """Those of the UIDs that are not stored, in the same order."""
        return array("L", (uid for uid in uids if uid > self.low and uid not in self.above))

    def with_stored(self, uids: Iterable[int], *, settle: bool) -> "Place":
        """The place once these are stored too; with `settle` they are still to be marked or moved."""
        more = list(uids)
        unsettled = self.unsettled.plus(more) if settle else self.unsettled
        return replace(self, above=self.above.plus(more), unsettled=unsettled)

    def with_settled(self, uids: Iterable[int]) -> "Place":
        """The place once these are marked or moved."""
        return replace(self, unsettled=self.unsettled.minus(uids))

    def up_to(self, low: int) -> "Place":
        """The place once nothing up to `low` will be looked for any more."""
        low = max(low, self.low)
        return replace(self, low=low, above=self.above.above(low))
