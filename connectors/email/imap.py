"""One IMAP connection: used until anything goes wrong with it, and thrown away then.

aioimaplib's commands are used, and its reading of the wire is not: that recurses with each line, hangs for ever on a
connection that is gone, and knows no STARTTLS.
"""

import asyncio
import base64
import logging
import re
import ssl
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, TypeVar

from aioimaplib import aioimaplib  # type: ignore[import-untyped]

from connectors.base import UPLOAD, Denied, Unavailable
from connectors.email import folders
from connectors.email.items import Item, items_of, more
from connectors.email.settings import EmailSettings, ServerSettings, Token
from connectors.text import clean_name

T = TypeVar("T")

# It writes down each line it is told: with every mail that comes, and when looked into closely the mails themselves.
logging.getLogger("aioimaplib").setLevel(logging.WARNING)

# Bytes of one line, and of one literal: more is no answer to what is asked here.
_LONGEST_LINE, _LARGEST = 32 << 20, 1 << 26
_LITERAL = re.compile(rb"\{([0-9]{1,12})\}$")
_NUMBER = re.compile(rb"(?<!\S)[0-9]{1,20}(?!\S)")
_COUNT = re.compile(rb"\* ([0-9]{1,10}) (EXISTS|EXPUNGE)\b", re.IGNORECASE)
_VALIDITY = re.compile(rb"\[UIDVALIDITY ([0-9]{1,20})\]")
# Refusals of a login that say nothing of its words (RFC 5530, and what large servers write).
_FOR_NOW = re.compile(
    rb"\b(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|try again|too many|temporar(y|ily)|rate)\b", re.IGNORECASE
)
_FOR_GOOD = re.compile(rb"\[(AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED)\]", re.IGNORECASE)
# Seconds in which a server says that it waits with us; and how many times as long as one may be silent an answer takes
# that comes drop by drop.
_ACK, _DRIPS = 10.0, 40


class Broken(Exception):
    """The connection is of no use any more, whatever the reason."""


class Refused(Exception):
    """The server says no to this command; the connection goes on."""


class _Protocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]
    """Reads the wire line by line and literal by literal, without recursion."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.lost: asyncio.Future[None] = loop.create_future()
        # When anything came last.
        self.heard = time.monotonic()
        # How many mails the folder has, and whether some came since anybody looked: any answer may tell, and once.
        self.there, self.arrived = 0, False
        # What is said in answer to the server's next questions.
        self.answers: list[bytes] = []
        self._buffer, self._looked = bytearray(), 0
        # The literal under way, how much of it is missing, and whose response it belongs to.
        self._literal, self._missing = bytearray(), 0
        self._command: Any = None

    @property
    def is_drained(self) -> bool:
        """Whether nothing that came is still unread."""
        return not self._buffer and not self._missing

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self.heard = time.monotonic()
        try:
            while self._step():
                pass
        except Exception:  # noqa: BLE001 - whatever is wrong with what came, no more of it is understood
            self.transport.abort()
            return
        if self.pending_sync_command is not None:
            self.pending_sync_command.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def _step(self) -> bool:
        """Take one piece of what came; False when more has to come first."""
        if self._missing:
            piece = self._buffer[: self._missing]
            del self._buffer[: len(piece)]
            self._literal += piece
            self._missing -= len(piece)
            if self._missing:
                return False
            self._end_literal()
            return True
        end = self._buffer.find(b"\r\n", self._looked)
        if end < 0:
            self._looked = max(len(self._buffer) - 1, 0)
            if len(self._buffer) > _LONGEST_LINE:
                raise ValueError("a line without end")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._looked = 0
        self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        command, self._command = self._command, None
        if command is None and (told := _COUNT.match(line)):
            self._count(int(told[1]), told[2].upper())
        command = self._handle_line(line, command)
        if found := _LITERAL.search(line):
            self._missing, self._literal = int(found[1]), bytearray()
            if self._missing > _LARGEST:
                raise ValueError("a literal beyond all that was asked for")
            self._command = command or aioimaplib.Command("NIL", "unused")
            if not self._missing:
                self._end_literal()

    def _count(self, number: int, what: bytes) -> None:
        if what == b"EXPUNGE":
            self.there -= 1
            return
        self.arrived = self.arrived or number > self.there
        self.there = number

    def _end_literal(self) -> None:
        # As a bytearray: that is how a literal is told from a line.
        self._command.append_to_resp(self._literal)
        self._literal = bytearray()

    def _continuation(self, line: bytes) -> None:
        pending = self.pending_sync_command
        if pending is not None and pending.name == "AUTHENTICATE":
            # An empty line takes the server's word for why it says no.
            self.transport.write((self.answers.pop(0) if self.answers else b"") + b"\r\n")
        else:
            super()._continuation(line)


class _Client(aioimaplib.IMAP4):  # type: ignore[misc]
    protocol: _Protocol

    def create_client(self, host: str, port: int, loop: Any, conn_lost_cb: Any = None, ssl_context: Any = None) -> None:
        running = asyncio.get_running_loop()
        self.protocol = _Protocol(running)
        name = host if ssl_context else None
        connecting = running.create_connection(lambda: self.protocol, host, port, ssl=ssl_context, server_hostname=name)
        self._client_task = running.create_task(connecting)


class Session:
    """A connection that is logged in. Every method raises Broken once it is of no use any more."""

    def __init__(self, client: _Client, seconds: float) -> None:
        self._client, self._seconds = client, seconds
        self._protocol = client.protocol

    @classmethod
    async def open(cls, server: ServerSettings, user: str, token: str | None = None) -> "Session":
        """Connect and log in, with an access token if there is one. Raises Broken, Denied, and Unavailable."""
        context = ssl.create_default_context() if server.security != "none" else None
        port = server.port or (993 if server.security == "tls" else 143)
        session = cls(_Client(server.host, port, ssl_context=context if server.security == "tls" else None),
                      server.timeout)  # fmt: skip
        try:
            await session._begin(server, context)
            await session._log_in(user, server.password.get_secret_value(), token)
        except BaseException:
            await session.close()
            raise
        return session

    def can(self, capability: str) -> bool:
        """Whether the server says that it has this."""
        return capability in self._protocol.capabilities

    async def close(self) -> None:
        """Drop the connection."""
        self._client._client_task.cancel()
        if self._protocol.transport is not None:
            self._protocol.transport.abort()
            # Its socket is closed with the loop's next rounds; nobody waits for the server.
            await asyncio.wait([self._protocol.lost], timeout=1)

    # ---- folders and mails ----

    async def select(self, folder: str) -> int:
        """Open a folder; gives back its UIDVALIDITY. Raises Denied for one that is not there."""
        self._protocol.there = 0
        response = await self._do(lambda: self._protocol.select(folders.quoted(folders.encoded(folder))))
        if response.result != "OK":
            raise Denied(f"the mailbox has no folder {folder!r}: {_said(response)}")
        for line in response.lines:
            if found := _VALIDITY.search(bytes(line)):
                return int(found[1])
        raise Broken("the server names no UIDVALIDITY")

    async def look(self, first: int) -> Sequence[int]:
        """The UIDs of the folder from `first` on, ascending; `rest` does not wait where mails came after this."""
        self._protocol.arrived = False
        return await self.uids("UID", f"{first}:*")

    async def uids(self, *criteria: str) -> Sequence[int]:
        """The UIDs of the folder that match, ascending."""
        response = await self._do(lambda: self._protocol.search(*criteria, charset=None, by_uid=True))
        _check(response)
        # Of half a million mails no more than the numbers: neither their words, nor an object for each.
        found = array("L")
        for line in response.lines[:-1]:
            found.extend(int(word[0]) for word in _NUMBER.finditer(line))
        ascends = all(one < next_one for one, next_one in pairwise(found))
        return found if ascends else array("L", sorted(set(found)))

    async def fetch(self, uids: Sequence[int], what: str) -> dict[int, Item]:
        """These items of these mails; a mail that is gone is not among them."""
        response = await self._do(lambda: self._protocol.fetch(_set(uids), f"(UID {what})", by_uid=True))
        _check(response)
        wanted = set(uids)
        found: dict[int, Item] = {}
        for item in items_of(response.lines[:-1]):
            if item.uid in wanted:
                # What others flag meanwhile is told among it, and says nothing of what was asked for.
                found[item.uid] = more(item, found.get(item.uid, item))
        return found

    async def flag(self, uids: Sequence[int], flag: str) -> None:
        """Add a flag to mails."""
        _check(await self._do(lambda: self._protocol.store(_set(uids), "+FLAGS.SILENT", f"({flag})", by_uid=True)))

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails to another folder."""
        if not self.can("MOVE"):
            raise Refused("the server cannot move mails (RFC 6851)")
        target = folders.quoted(folders.encoded(folder))
        _check(await self._do(lambda: self._protocol.move(_set(uids), target, by_uid=True)))

    async def append(self, folder: str, mail: bytes, flag: str) -> None:
        """Put a mail with a flag into a folder, as if it had arrived."""
        target = folders.quoted(folders.encoded(folder))
        call = self._protocol.append(mail, target, f"({flag})")
        _check(await self._watch(call, self._seconds + len(mail) / UPLOAD))

    async def rest(self, seconds: float, poll: float) -> None:
        """Wait until something may have happened: as the server tells, or where it does not, for `poll` seconds."""
        if self._protocol.arrived:
            # Told with the answer to something else: it is not told again.
            return
        if not self.can("IDLE"):
            await self._watch(asyncio.sleep(poll), poll + 1)
            return
        command = aioimaplib.IdleCommand(self._protocol.new_tag(), self._protocol.idle_queue, loop=self._protocol.loop)
        self._protocol._idle_event.clear()
        idling = asyncio.ensure_future(self._protocol.execute(command))
        try:
            await self._watch(self._protocol.wait_for_idle_response(), _ACK)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._watch(self._protocol.idle_queue.get(), seconds + 1)
            self._protocol.idle_done()
            await self._watch(asyncio.shield(idling), _ACK)
        finally:
            idling.cancel()
        while not self._protocol.idle_queue.empty():
            self._protocol.idle_queue.get_nowait()

    # ---- getting in ----

    async def _begin(self, server: ServerSettings, context: ssl.SSLContext | None) -> None:
        await self._do(self._client._wait_connection_and_hello)
        if server.security == "starttls" and context is not None:
            await self._start_tls(server.host, context)

    async def _start_tls(self, host: str, context: ssl.SSLContext) -> None:
        if not self.can("STARTTLS"):
            raise Denied("the server offers no STARTTLS; use security tls, or look at who answers there")
        command = aioimaplib.Command("STARTTLS", self._protocol.new_tag(), loop=self._protocol.loop)
        _check(await self._do(lambda: self._protocol.execute(command)))
        if not self._protocol.is_drained:
            # Said in the clear, and meant to be taken for what comes under TLS.
            raise Broken("the server said more before TLS began")
        loop, plain = asyncio.get_running_loop(), self._protocol.transport
        starting = loop.start_tls(plain, self._protocol, context, server_hostname=host)
        self._protocol.transport = await self._watch(starting, self._seconds)
        await self._do(self._protocol.capability)

    async def _log_in(self, user: str, password: str, token: str | None) -> None:
        if token is not None:
            response = await self._authenticate("XOAUTH2", f"user={user}\1auth=Bearer {token}\1\1")
        elif self.can("AUTH=PLAIN"):
            response = await self._authenticate("PLAIN", f"\0{user}\0{password}")
        else:
            response = await self._do(lambda: self._protocol.login(folders.quoted(user), password))
        if response.result == "OK":
            self._protocol.state = aioimaplib.AUTH
            await self._do(self._protocol.capability)
        elif not is_final(_words(response)):
            raise Unavailable(f"the server lets nobody in for now: {_said(response)}")
        else:
            raise Denied(f"the server does not take user and password of {user}: {_said(response)}")

    async def _authenticate(self, mechanism: str, words: str) -> Any:
        packed = base64.b64encode(words.encode()).decode()
        inline = [packed] if self.can("SASL-IR") else []
        self._protocol.answers = [] if inline else [packed.encode()]
        command = aioimaplib.Command(
            "AUTHENTICATE", self._protocol.new_tag(), mechanism, *inline, loop=self._protocol.loop
        )
        return await self._do(lambda: self._protocol.execute(command, scrub=packed))

    # ---- fences ----

    async def _do(self, call: Callable[[], Awaitable[T]]) -> T:
        """What a command gives; Broken when nothing more comes for too long, or the connection is lost."""
        return await self._watch(call(), self._seconds)

    async def _watch(self, waiting: Awaitable[T], seconds: float) -> T:
        task = asyncio.ensure_future(waiting)
        either: set[asyncio.Future[Any]] = {task, self._protocol.lost}
        left, done = seconds, set[asyncio.Future[Any]]()
        until = time.monotonic() + seconds * _DRIPS
        try:
            # Whoever looks through half a million mails, or sends over a thin line, is not gone.
            while not done and left > 0:
                done, _ = await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                left = min(self._protocol.heard + seconds, until) - time.monotonic()
            if task in done:
                return task.result()
        except ssl.SSLCertVerificationError as error:
            raise Denied(f"the server's certificate is not to be trusted: {error.verify_message}") from error
        except (aioimaplib.AioImapException, OSError, ValueError) as error:
            raise Broken(f"{type(error).__name__}: {error}") from error
        finally:
            task.cancel()
        raise Broken("the server has gone" if self._protocol.lost.done() else f"no answer within {seconds:.0f} s")


async def opened(settings: EmailSettings, token: Token | None) -> Session:
    """A session of the channel's account; raises what `Session.open` does."""
    if not settings.imap.host:
        raise Denied("imap.host is not set: no mailbox is read")
    user = settings.imap.user or settings.address
    if token is None:
        return await Session.open(settings.imap, user)
    try:
        return await Session.open(settings.imap, user, await token())
    except Denied:
        # It may have been revoked before its end; if it was more than that, the provider says so.
        return await Session.open(settings.imap, user, await token(renew=True))


def is_final(said: bytes) -> bool:
    """Whether a server that said this to a login will say the same again."""
    return bool(_FOR_GOOD.search(said)) or not _FOR_NOW.search(said)


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _check(response: Any) -> None:
    if response.result != "OK":
        raise Refused(f"the server says {response.result}: {_said(response)}")


def _words(response: Any) -> bytes:
    return b" ".join(bytes(line) for line in response.lines[-1:])


def _said(response: Any) -> str:
    return clean_name(_words(response).decode(errors="replace"), 200) or "nothing"
