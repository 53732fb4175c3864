"""The loop that reads a folder: by UID alone, whatever is read, moved or deleted there meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

import log
from connectors.base import Batch, Raw, Unavailable
from connectors.email import large
from connectors.email.imap import Broken, Item, Refused, Session
from connectors.email.place import Place
from connectors.email.raws import Known, raw_of
from connectors.email.settings import EmailSettings

_log = log.get(__name__)

Token = Callable[[], Awaitable[str]]

# UIDs of one command, mails and bytes of one batch; bytes of a mail that is read at once, and of the pieces of others.
_STEP, _BATCH, _BYTES = 500, 100, 4 << 20
_AT_ONCE, _PIECE = 1 << 20, 1 << 18
# How many UIDs below the newest are looked at with each wake, and how many days with each audit.
_OVERLAP, _DAYS = 200, 3
# What came so many seconds before the first start is history.
_HISTORY = _DAYS * 86400
# Seconds until a lost connection is made anew: at first, and at most.
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 300.0
_WHOLE, _HEAD = "BODY.PEEK[]", "BODY.PEEK[HEADER]"


class Mailbox:
    """Reads one folder of one account."""

    def __init__(self, settings: EmailSettings, token: Token | None = None) -> None:
        """`token` gives the access token that stands for a password."""
        self._settings, self._imap, self._token = settings, settings.imap, token

    async def batches(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See Receive. A lost connection is made anew for ever; wrong credentials raise Denied."""
        wait = _FIRST_WAIT
        while True:
            try:
                async for batch in self._connected(cursor):
                    yield batch
                    cursor, wait = batch.cursor or cursor, _FIRST_WAIT
            except (Broken, Unavailable) as error:
                _log.warning("imap.lost", reason=str(error), again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _connected(self, cursor: str | None) -> AsyncIterator[Batch]:
        session = await _opened(self._settings, self._token)
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
                await session.rest(self._imap.idle, self._imap.poll)
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
        # Everything is read anew; what is there already tells its content.
        return Place(validity, since=place.since, rescan=True)

    async def _news(self, session: Session, place: Place, *, whole: bool) -> AsyncIterator[tuple[Batch, Place]]:
        """What is there and not stored, with the place after each batch; `whole` compares the last days."""
        newest = max(place.above, default=place.low)
        first = place.low if whole else max(newest - _OVERLAP, place.low)
        there = await session.uids("UID", f"{first + 1}:*")
        unknown = place.unknown(there)
        for start in range(0, len(unknown), _STEP):
            step = unknown[start : start + _STEP]
            async for raws, uids in self._raws(session, place, step):
                place = place.with_stored(uids, settle=self._imap.settle != "nothing")
                yield Batch(raws, place.cursor(), rescan=place.rescan), place
            # What was there a moment ago and is gone.
            place = place.with_stored(step, settle=False)
        if whole and there:
            place = place.up_to(await self._low(session, there))
            yield Batch([], place.cursor()), place

    async def _low(self, session: Session, there: Sequence[int]) -> int:
        """Up to where nothing is looked for any more."""
        since = datetime.now(UTC) - timedelta(days=_DAYS)
        recent = await session.uids("SINCE", f"{since:%d-%b-%Y}")
        return min([*recent, there[-1] - _OVERLAP + 1]) - 1

    async def _raws(
        self, session: Session, place: Place, uids: Sequence[int]
    ) -> AsyncIterator[tuple[list[Raw], list[int]]]:
        """The mails as raws, in lots that fit into memory, with the UIDs of each lot."""
        told = await session.fetch(uids, "RFC822.SIZE INTERNALDATE")
        for lot in _lots([told[uid] for uid in uids if uid in told]):
            raws = [raw async for raw in self._lot(session, place, lot)]
            yield raws, [mail.uid for mail in lot]

    async def _lot(self, session: Session, place: Place, lot: Sequence[Item]) -> AsyncIterator[Raw]:
        small = [mail.uid for mail in lot if mail.size <= _AT_ONCE]
        bodies = await self._bodies(session, small)
        for mail in lot:
            known = Known(at=mail.at, history=mail.at < place.since)
            key = f"{self._imap.folder}:{place.validity}:{mail.uid}"
            if mail.size > _AT_ONCE:
                yield await self._large(session, mail, key, known)
            elif isinstance(body := bodies.get(mail.uid), str):
                yield raw_of(key, replace(known, refused=body), b"")
            elif body is not None:
                yield raw_of(key, known, body)

    async def _large(self, session: Session, mail: Item, key: str, known: Known) -> Raw:
        try:
            if mail.size <= self._imap.max_size:
                return await large.raw_of(key, known, self._pieces(session, mail.uid))
            head = (await session.fetch([mail.uid], _HEAD)).get(mail.uid)
        except Refused as error:
            return raw_of(key, replace(known, refused=str(error)), b"")
        return raw_of(key, replace(known, cut=mail.size), (head and head.data) or b"")

    async def _bodies(self, session: Session, uids: Sequence[int]) -> dict[int, bytes | str]:
        """The mails themselves, or why the server does not give one: that one must not hold up the others."""
        try:
            found = await session.fetch(uids, _WHOLE) if uids else {}
        except Refused as error:
            if len(uids) == 1:
                return {uids[0]: str(error)}
            return {uid: body for each in uids for uid, body in (await self._bodies(session, [each])).items()}
        return {uid: item.data for uid, item in found.items() if item.data is not None}

    async def _pieces(self, session: Session, uid: int) -> AsyncIterator[bytes]:
        """All of the mail, up to a piece that is not full: the size some servers tell is a guess."""
        read = 0
        while read % _PIECE == 0:
            item = (await session.fetch([uid], f"BODY.PEEK[]<{read}.{_PIECE}>")).get(uid)
            if item is None:
                raise Refused("the mail was taken away while it was read")
            if not item.data:
                return
            yield item.data
            read += len(item.data)

    async def _settle(self, session: Session, place: Place) -> Place | None:
        """Mark or move what is stored; what fails is tried again with the next look."""
        uids = sorted(place.unsettled)[:_STEP]
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


def _lots(mails: Sequence[Item]) -> Iterator[list[Item]]:
    lot: list[Item] = []
    size = 0
    for mail in mails:
        if lot and (len(lot) >= _BATCH or size + mail.size > _BYTES):
            yield lot
            lot, size = [], 0
        lot.append(mail)
        size += mail.size
    if lot:
        yield lot


async def _opened(settings: EmailSettings, token: Token | None) -> Session:
    user = settings.imap.user or settings.address
    return await Session.open(settings.imap, user, await token() if token else None)


async def look(settings: EmailSettings, token: Token | None = None) -> str:
    """One line on the mailbox. Raises ConnectorError with what is wrong."""
    try:
        session = await _opened(settings, token)
        try:
            await session.select(settings.imap.folder)
            count = len(await session.uids("ALL"))
            if settings.imap.sent:
                await session.select(settings.imap.sent)
        finally:
            await session.close()
    except (Broken, Refused) as error:
        raise Unavailable(f"{settings.imap.host}: {error}") from error
    return f"{settings.imap.folder} of {settings.address} has {count} mails"
