"""The loop that reads a folder: by UID alone, whatever is read, moved or deleted there meanwhile."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace

import log
from connectors.base import Batch, Denied, Raw, Unavailable
from connectors.email import large
from connectors.email.hard import HardOnes
from connectors.email.imap import Broken, Refused, Session, opened
from connectors.email.items import Item
from connectors.email.place import Place
from connectors.email.raws import Known, raw_of
from connectors.email.settings import EmailSettings, Token

_log = log.get(__name__)

T = TypeVar("T")

# UIDs of one command, mails and bytes of one batch; bytes of a mail that is read at once, and of the pieces of others.
_STEP, _BATCH, _BYTES = 500, 100, 2 << 20
_AT_ONCE, _PIECE = 1 << 20, 1 << 18
# How many UIDs below the newest are looked at with each wake, and how many days with each audit.
_OVERLAP, _DAYS = 200, 3
# What came so many seconds before the first start is history.
_HISTORY = _DAYS * 86400
# Seconds until a lost connection is made anew: at first, at most, and how long one lasts that was a good one.
_FIRST_WAIT, _LONGEST_WAIT, _SOUND = 1.0, 300.0, 60.0
# In how many of the newest mails our server's findings are looked for.
_SOME, _FINDINGS = 20, "BODY.PEEK[HEADER.FIELDS (AUTHENTICATION-RESULTS)]"
_WHOLE, _HEAD = "BODY.PEEK[]", "BODY.PEEK[HEADER]"


class Mailbox:
    """Reads one folder of one account."""

    def __init__(self, settings: EmailSettings, token: Token | None = None) -> None:
        """`token` gives the access token that stands for a password, a new one with `renew`."""
        self._settings, self._imap, self._token = settings, settings.imap, token
        self._hard = HardOnes()

    async def batches(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        """See Receive. A lost connection is made anew for ever; wrong credentials raise Denied."""
        wait = _FIRST_WAIT
        while True:
            began = time.monotonic()
            try:
                async for batch in self._connected(cursor):
                    yield batch
                    cursor, wait = batch.cursor or cursor, _FIRST_WAIT if batch.raws else wait
            except (Broken, Refused, Unavailable) as error:
                if time.monotonic() - began > _SOUND:
                    wait = _FIRST_WAIT
                _log.warning("imap.lost", reason=str(error), again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _connected(self, cursor: str | None) -> AsyncIterator[Batch]:
        session = await opened(self._settings, self._token)
        try:
            place = await self._begin(session, cursor)
            # A new place is kept at once: what is history is told by when we first came.
            yield Batch([], place.cursor())
            audited = 0.0
            while True:
                if due := not audited or time.monotonic() - audited > self._imap.audit:
                    audited = time.monotonic()
                async for batch, after in self._news(session, place, whole=due):
                    place = after
                    yield batch
                while settled := await self._settle(session, place):
                    place = settled
                    yield Batch([], place.cursor())
                await session.rest(self._hard.wait(self._imap.idle), self._hard.wait(self._imap.poll))
        finally:
            await session.close()

    async def _begin(self, session: Session, cursor: str | None) -> Place:
        validity = await session.select(self._imap.folder)
        if cursor is None:
            return Place(validity, since=int(time.time()) - _HISTORY)
        place = Place.read(cursor)
        if place.validity == validity:
            return place
        _log.warning("imap.new_validity", before=place.validity, after=validity)
        self._hard = HardOnes()
        # Everything is read anew; what is there already tells its content.
        return Place(validity, since=place.since)

    async def _news(self, session: Session, place: Place, *, whole: bool) -> AsyncIterator[tuple[Batch, Place]]:
        """What is there and not stored, with the place after each batch; `whole` compares the last days."""
        newest = place.newest
        first = place.low if whole else max(min(newest - _OVERLAP, self._hard.below(newest)), place.low)
        there = await session.look(first + 1)
        self._hard.keep(there)
        low = await self._low(session, there) if whole and there else place.low
        for step in self._hard.steps(place.unknown(there), _STEP):
            async for raws, uids in self._raws(session, place, step):
                place = place.with_stored(uids, settle=self._imap.settle != "nothing")
                # What others move away and back has a new number, and is told by its content.
                yield Batch(raws, place.cursor(), by_content=True), place
            place = place.up_to(min(low, step[-1], self._hard.below(low)))
        if whole:
            place = place.up_to(min(low, self._hard.below(low)))
            yield Batch([], place.cursor()), place

    async def _low(self, session: Session, there: Sequence[int]) -> int:
        """Up to where nothing is looked for any more."""
        since = datetime.now(UTC) - timedelta(days=_DAYS)
        recent = await session.uids("SINCE", f"{since:%d-%b-%Y}")
        return min(recent[0] if recent else there[-1], there[-1] - _OVERLAP + 1) - 1

    async def _raws(
        self, session: Session, place: Place, uids: Sequence[int]
    ) -> AsyncIterator[tuple[list[Raw], list[int]]]:
        """The mails as raws, in lots that fit into memory, with the UIDs of each lot; who does not come is noted."""
        if why := self._hard.given_up(uids[0]):
            known = Known(at=int(time.time()), refused=why)
            self._hard.came(uids)
            yield [raw_of(self._key(place, uids[0]), known, b"")], list(uids)
            return
        told = await self._given(uids, session.fetch(uids, "RFC822.SIZE INTERNALDATE"))
        lots = deque(_lots([told[uid] for uid in uids if uid in told]))
        while lots:
            lot = lots.popleft()
            raws = await self._given([mail.uid for mail in lot], self._lot(session, place, lot))
            self._hard.came(raws)
            if not raws:
                self._hard.passed_over([mail.uid for later in lots for mail in later])
                return
            yield list(raws.values()), list(raws)

    async def _given(self, uids: Sequence[int], asking: Awaitable[dict[int, T]]) -> dict[int, T]:
        """What comes of these mails; one that ends the connection must not do so again and again."""
        try:
            came = await asking
        except (Broken, Refused) as error:
            self._hard.failed(uids, str(error))
            if isinstance(error, Broken):
                raise
            return {}
        for uid in uids:
            if uid not in came:
                # Mostly it was taken away a moment ago.
                self._hard.failed([uid], "the server has it and does not give it")
        return came

    async def _lot(self, session: Session, place: Place, lot: Sequence[Item]) -> dict[int, Raw]:
        bodies: dict[int, bytes] = {}
        if lot[0].size <= _AT_ONCE:
            found = await session.fetch([mail.uid for mail in lot], _WHOLE)
            bodies = {uid: item.data for uid, item in found.items() if item.data is not None}
        raws: dict[int, Raw] = {}
        for mail in lot:
            # Who does not say when it came says nothing of its age.
            known = Known(at=mail.at or int(time.time()), history=0 < mail.at < place.since)
            key = self._key(place, mail.uid)
            if mail.size > _AT_ONCE:
                raws[mail.uid] = await self._large(session, mail, key, known)
            elif mail.uid in bodies:
                raws[mail.uid] = raw_of(key, known, bodies.pop(mail.uid))
        return raws

    def _key(self, place: Place, uid: int) -> str:
        return f"{self._imap.folder}:{place.validity}:{uid}"

    async def _large(self, session: Session, mail: Item, key: str, known: Known) -> Raw:
        if mail.size <= self._imap.max_size:
            return await large.raw_of(key, known, self._pieces(session, mail.uid))
        return raw_of(key, replace(known, cut=mail.size), await _part(session, mail.uid, _HEAD))

    async def _pieces(self, session: Session, uid: int) -> AsyncIterator[bytes]:
        """All of the mail, up to an empty piece: the size some servers tell is a guess, and a piece may be short."""
        read = 0
        while piece := await _part(session, uid, f"{_WHOLE}<{read}.{_PIECE}>"):
            yield piece
            read += len(piece)

    async def _settle(self, session: Session, place: Place) -> Place | None:
        """Mark or move what is stored; what fails is tried again with the next look."""
        uids = list(islice(place.unsettled, _STEP))
        if not uids:
            return None
        try:
            if self._imap.settle == "move":
                await session.move(uids, self._imap.move_to)
            else:
                await session.flag(uids, "\\Seen")
        except Refused as error:
            _log.warning("imap.not_settled", reason=str(error), mails=len(uids))
            return None
        return place.with_settled(uids)


async def _part(session: Session, uid: int, what: str) -> bytes:
    item = (await session.fetch([uid], what)).get(uid)
    # Empty is the end, and nothing at all is no end.
    if item is None or item.data is None:
        raise Refused("the mail was taken away while it was read")
    return item.data


def _lots(mails: Sequence[Item]) -> Iterator[list[Item]]:
    lot: list[Item] = []
    size = 0
    for mail in mails:
        # A large one goes alone: what is in its file is lost with whatever comes to grief beside it.
        if lot and (len(lot) >= _BATCH or size + mail.size > _BYTES or max(lot[-1].size, mail.size) > _AT_ONCE):
            yield lot
            lot, size = [], 0
        lot.append(mail)
        size += mail.size
    if lot:
        yield lot


async def look(settings: EmailSettings, token: Token | None = None) -> str:
    """One line on the mailbox. Raises ConnectorError with what is wrong."""
    try:
        session = await opened(settings, token)
        try:
            return await _seen(session, settings)
        finally:
            await session.close()
    except (Broken, Refused) as error:
        raise Unavailable(f"{settings.imap.host}: {error}") from error


async def _seen(session: Session, settings: EmailSettings) -> str:
    imap = settings.imap
    if imap.settle == "move" and not session.can("MOVE"):
        raise Denied("the server cannot move mails (MOVE); use settle seen or nothing")
    for folder in filter(None, (imap.sent, imap.move_to)):
        await session.select(folder)
    await session.select(imap.folder)
    uids = await session.uids("ALL")
    said = f"{imap.folder} of {settings.address} has {len(uids)} mails"
    newest = await session.fetch(uids[-_SOME:], _FINDINGS) if uids and settings.authserv_id else {}
    if newest and not any(settings.authserv_id.encode() in (item.data or b"") for item in newest.values()):
        return f"{said}; none of the last {len(newest)} has a finding of {settings.authserv_id} on forgers"
    return said
