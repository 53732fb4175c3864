"""A real SMTP server on a free port of 127.0.0.1, with faults on demand and a ledger of the mails it took.

In a test: `with SmtpServer(certificate) as server:`, then `server.fault("rcpt", "450 4.2.0 grey")`. It checks what real
servers check (logins, line ends, sizes) with code of its own; what a client did wrong stands in `complaints`.
"""

import asyncio
import base64
import ssl
import subprocess
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

USER, PASSWORD, TOKEN = "support@example.org", 'pass "word" with \\ and ключ', "ya29.access-token"

# Where something can go wrong: the greeting, a command, the mail under way, and the answer to its last dot.
Stage = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "end", "rset", "quit"]
# What can go wrong, beside a reply of the server's own such as "451 4.3.0 later". The last two are for "end" alone.
CUT, HANG, TAKEN_CUT, TAKEN_HANG = "cut", "hang", "taken, cut", "taken, hang"
_PATIENCE = 10.0
_MOST_OF_A_LINE = 998


class Mail(NamedTuple):
    """A mail that was taken; `user` is who had logged in, `data` the mail as it was before dots were doubled."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    user: str
    tls: bool


class Certificate(NamedTuple):
    """A certificate nobody but who is told so trusts, and its key."""

    path: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, name: str = "localhost", address: str = "127.0.0.1") -> Self:
        """A new one for the host."""
        made = cls(folder / "smtp-cert.pem", folder / "smtp-key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-addext", f"subjectAltName=DNS:{name},IP:{address}", "-keyout", made.key, "-out", made.path],
            check=True, capture_output=True,
        )  # fmt: skip
        return made

    def context(self) -> ssl.SSLContext:
        """What the server shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


class SmtpServer:
    """The server, on a thread of its own; `mails` holds what it took, in order."""

    def __init__(self, certificate: Certificate | None = None, *, implicit_tls: bool = False) -> None:
        self.mails: list[Mail] = []
        self.complaints: list[str] = []
        self.connections = 0
        # How often each command came.
        self.commands: Counter[str] = Counter()
        # What it offers and asks for; nobody has to log in where there is no user.
        self.size, self.user, self.mechanisms = 50 << 20, USER, ["PLAIN", "LOGIN", "XOAUTH2"]
        self.offers_starttls = certificate is not None and not implicit_tls
        # Seconds before each reply.
        self.delay = 0.0
        self._faults: defaultdict[Stage, deque[str]] = defaultdict(deque)
        self.context = certificate.context() if certificate else None
        self._implicit = implicit_tls
        self._talks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        # A free one, unless it is set before the server starts.
        self.port = 0

    def fault(self, stage: Stage, *what: str) -> None:
        """Spoil the next times it comes to this."""
        self._faults[stage].extend(what)

    def due(self, stage: Stage) -> str | None:
        """What goes wrong now, if anything does."""
        return self._faults[stage].popleft() if self._faults[stage] else None

    def effects(self, message_id: str) -> int:
        """How many mails with this Message-ID were taken."""
        return sum(f"\r\nMessage-ID: <{message_id}>\r\n".encode() in mail.data for mail in self.mails)

    def hang_up(self) -> None:
        """End every connection, as servers do with idle ones."""
        self._call(self._end_talks())

    def stop_listening(self) -> None:
        """Let nobody else in, and end every connection."""
        self._call(self._close())

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    async def _listen(self) -> None:
        context = self.context if self._implicit else None
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, ssl=context, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._end_talks()

    async def _end_talks(self) -> None:
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            # Cancelled is who is hung up on.
            with suppress(_Over, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await _Talk(self, reader, writer).run()
        finally:
            self._talks.discard(task)
            writer.transport.abort()


class _Over(Exception):
    """The connection ends."""


class _Talk:
    """One connection."""

    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._user = ""
        self._sender: str | None = None
        self._recipients: list[str] = []

    @property
    def _tls(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    async def run(self) -> None:
        """Answer until one of the two has enough."""
        known: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo, "STARTTLS": self._starttls, "AUTH": self._auth, "MAIL": self._mail, "RCPT": self._rcpt,
            "DATA": self._data, "RSET": self._rset, "NOOP": self._noop, "QUIT": self._quit,
        }  # fmt: skip
        await self._reply("connect", "220 mail.example.org ESMTP")
        while True:
            word, _, rest = (await self._line()).partition(" ")
            self._server.commands[word.upper()] += 1
            await known.get(word.upper(), self._unknown)(rest)

    # ---- commands ----

    async def _ehlo(self, name: str) -> None:
        lines = ["mail.example.org", f"SIZE {self._server.size}", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self._server.offers_starttls and not self._tls:
            lines.append("STARTTLS")
        if self._server.user and (self._tls or self._server.context is None):
            lines.append("AUTH " + " ".join(self._server.mechanisms))
        await self._reply("ehlo", *(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines))

    async def _starttls(self, _rest: str) -> None:
        if not self._server.offers_starttls or self._tls:
            await self._write("503 5.5.1 no TLS here")
        elif await self._reply("starttls", "220 2.0.0 go ahead"):
            assert self._server.context is not None
            await self._writer.start_tls(self._server.context)

    async def _auth(self, rest: str) -> None:
        mechanism, _, first = rest.partition(" ")
        if self._server.context is not None and not self._tls:
            self._server.complaints.append("a password in the clear")
        if mechanism not in self._server.mechanisms:
            await self._write("504 5.5.4 no such mechanism")
            return
        right = await getattr(self, f"_{mechanism.lower()}")(first)
        if await self._reply("auth", "235 2.7.0 welcome" if right else "535 5.7.8 authentication failed") and right:
            self._user = USER

    async def _plain(self, first: str) -> bool:
        return _decoded(first or await self._asked("")) == f"\0{USER}\0{PASSWORD}"

    async def _login(self, first: str) -> bool:
        user = _decoded(first or await self._asked("Username:"))
        return [user, _decoded(await self._asked("Password:"))] == [USER, PASSWORD]

    async def _xoauth2(self, first: str) -> bool:
        right = _decoded(first) == f"user={USER}\1auth=Bearer {TOKEN}\1\1"
        if not right and await self._asked('{"status":"400"}'):
            self._server.complaints.append("an answer to an error")
        return right

    async def _mail(self, rest: str) -> None:
        path, *options = rest.split(" ")
        told = [int(option[5:]) for option in options if option.upper().startswith("SIZE=")]
        if self._server.user and not self._user:
            await self._write("530 5.7.0 authentication required")
        elif told and told[0] > self._server.size:
            await self._write("552 5.3.4 message size exceeds fixed limit")
        elif await self._reply("mail", "250 2.1.0 ok"):
            self._sender, self._recipients = _address(path, "FROM:"), []

    async def _rcpt(self, rest: str) -> None:
        if self._sender is None:
            await self._write("503 5.5.1 MAIL first")
        elif await self._reply("rcpt", "250 2.1.5 ok"):
            self._recipients.append(_address(rest, "TO:"))

    async def _data(self, _rest: str) -> None:
        if not self._recipients:
            await self._write("503 5.5.1 RCPT first")
        elif await self._reply("data", "354 go ahead"):
            await self._take(await self._content())

    async def _rset(self, _rest: str) -> None:
        self._sender, self._recipients = None, []
        await self._reply("rset", "250 2.0.0 ok")

    async def _noop(self, _rest: str) -> None:
        await self._write("250 2.0.0 ok")

    async def _quit(self, _rest: str) -> None:
        await self._reply("quit", "221 2.0.0 bye")
        raise _Over

    async def _unknown(self, _rest: str) -> None:
        await self._write("500 5.5.2 what?")

    # ---- the mail ----

    async def _content(self) -> bytes:
        fault = self._server.due("body")
        lines: list[bytes] = []
        while (line := await self._reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
            if fault == CUT:
                raise _Over
            if fault == HANG:
                self._writer.transport.pause_reading()  # type: ignore[attr-defined]
                await asyncio.Event().wait()
            if fault:
                await self._write(fault)
                fault = None
        self._inspect(lines)
        return b"".join(lines)

    def _inspect(self, lines: list[bytes]) -> None:
        if not all(line.endswith(b"\r\n") and b"\r" not in line[:-2] for line in lines):
            self._server.complaints.append("a line without CRLF")
        if any(len(line) > _MOST_OF_A_LINE + 2 for line in lines):
            self._server.complaints.append("a line too long")
        if not all(line.isascii() and b"\0" not in line for line in lines):
            self._server.complaints.append("a letter beyond ASCII")

    async def _take(self, data: bytes) -> None:
        assert self._sender is not None
        mail = Mail(self._sender, tuple(self._recipients), data, self._user, self._tls)
        self._sender, self._recipients = None, []
        if len(data) > self._server.size:
            await self._write("552 5.3.4 message size exceeds fixed limit")
            return
        fault = self._server.due("end")
        if fault is None or fault in {TAKEN_CUT, TAKEN_HANG}:
            self._server.mails.append(mail)
        if fault in {HANG, TAKEN_HANG}:
            await asyncio.Event().wait()
        if fault in {CUT, TAKEN_CUT}:
            raise _Over
        await self._write(fault or "250 2.0.0 taken")

    # ---- lines ----

    async def _reply(self, stage: Stage, *lines: str) -> bool:
        """Say this, unless something goes wrong; whether it was said."""
        fault = self._server.due(stage)
        if fault == CUT:
            raise _Over
        if fault == HANG:
            await asyncio.Event().wait()
        await self._write(*([fault] if fault else lines))
        if fault and fault.startswith("421"):
            raise _Over
        return fault is None

    async def _asked(self, question: str) -> str:
        await self._write(f"334 {base64.b64encode(question.encode()).decode()}")
        return await self._line()

    async def _line(self) -> str:
        line = await self._reader.readuntil(b"\n")
        if not line.endswith(b"\r\n"):
            self._server.complaints.append("a command without CRLF")
        return line.decode().rstrip("\r\n")

    async def _write(self, *lines: str) -> None:
        await asyncio.sleep(self._server.delay)
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()


def _address(path: str, before: str) -> str:
    """The address between < and >, behind the word that has to stand there."""
    inner = path[len(before) + 1 : -1]
    assert path == f"{path[: len(before)]}<{inner}>", path
    return inner


def _decoded(word: str) -> str:
    return base64.b64decode(word).decode()
