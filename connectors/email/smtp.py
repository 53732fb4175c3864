"""Mails on their way out: a few kept connections to one server, and what each end of a call means.

aiosmtplib carries the commands. The content goes out by hand: the library does not tell whether a mail that was cut
off had reached the dot that ends it, and that is what decides whether it may have arrived.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from connectors.base import ConnectorError, Denied, Letter, Receipt, Rejected, Unavailable
from connectors.email.compose import mail_of, recipient_of
from connectors.email.limits import ANSWER, BEFORE, LIMITS, SPARE
from connectors.email.postal import in_ascii
from connectors.email.refusals import Stage, refusal
from connectors.email.settings import EmailSettings, Token
from connectors.email.threading import key_of
from connectors.text import clean_name

# Seconds after which a kept connection is not used again, for servers and firewalls forget them; and how long one may
# take for its first answer before another is tried.
_FRESH, _PROBE = 100.0, 10.0
_GOODBYE = 2.0
_PORTS = {"tls": 465, "starttls": 587, "none": 25}
# Bytes that are handed over at once.
_PIECE = 1 << 17

Taken = Callable[[str, bytes], None]


class Unclear(Exception):
    """The whole mail left, and nobody can know what became of it."""


class Mailer:
    """Sends the mails of one account; `token` gives the access token that stands for a password.

    `taken` is told the Message-ID and the whole of each mail that was taken; it neither waits nor raises.
    """

    def __init__(self, settings: EmailSettings, token: Token | None = None, taken: Taken | None = None) -> None:
        self._settings, self._token, self._taken = settings, token, taken
        self._room = asyncio.Semaphore(settings.smtp.connections)
        self._kept: list[_Line] = []
        self._closed = False

    async def send(self, letter: Letter) -> Receipt:
        """See Connector; the receipt has the key of its Message-ID, which is the same at every try."""
        if letter.action != "send":
            raise Rejected("a mail that is out can neither be changed nor taken back")
        if not self._settings.smtp.host:
            raise Rejected("the channel has no smtp.host to send mails by")
        until = asyncio.get_running_loop().time() + LIMITS.seconds(letter) - ANSWER - SPARE
        with _unsent():
            async with asyncio.timeout_at(until):
                message_id, mail = await asyncio.to_thread(mail_of, letter, self._settings)
                await self._room.acquire()
        try:
            with _unsent():
                async with asyncio.timeout_at(until):
                    line = await self._handed_over(recipient_of(letter), mail)
            try:
                await line.end()
            finally:
                self._keep(line)
        finally:
            self._room.release()
        if self._taken is not None:
            self._taken(message_id, mail)
        return Receipt((key_of(message_id),))

    async def check(self) -> str:
        """See Check."""
        smtp = self._settings.smtp
        if not smtp.host:
            return "smtp.host is not set: nothing can be sent"
        with _unsent():
            async with asyncio.timeout(BEFORE):
                line = await _Line.open(self._settings, self._token)
                await line.quit()
        return f"{smtp.host} takes mails from {self._settings.address}"

    async def close(self) -> None:
        """Give the connections back."""
        self._closed = True
        while self._kept:
            await self._kept.pop().quit()

    async def _handed_over(self, recipient: str, mail: bytes) -> "_Line":
        """The connection by which all of the mail but its last dot has gone."""
        kept = self._fresh()
        if kept is not None:
            try:
                return await self._begun(kept, recipient, mail)
            except (aiosmtplib.SMTPException, OSError, Unavailable):
                if kept.is_open:
                    raise
                # Idle servers hang up. It had no whole mail, so another connection may get it.
        return await self._begun(await _Line.open(self._settings, self._token), recipient, mail)

    async def _begun(self, line: "_Line", recipient: str, mail: bytes) -> "_Line":
        try:
            await line.begin(recipient, mail)
        except ConnectorError:
            await line.reset()
            self._keep(line)
            raise
        except BaseException:
            line.drop()
            raise
        return line

    def _fresh(self) -> "_Line | None":
        while self._kept:
            line = self._kept.pop()
            if line.is_open and time.monotonic() - line.used_at < _FRESH:
                return line
            line.drop()
        return None

    def _keep(self, line: "_Line") -> None:
        if self._closed or not line.is_open:
            line.drop()
            return
        line.used_at = time.monotonic()
        self._kept.append(line)


class _Line:
    """One connection, logged in; `used_at` by the monotonic clock, 0 until it has carried something."""

    def __init__(self, client: aiosmtplib.SMTP, sender: str) -> None:
        self._client, self._sender = client, sender
        self.used_at = 0.0

    @classmethod
    async def open(cls, settings: EmailSettings, token: Token | None) -> "_Line":
        """Connect and log in; raises ConnectorError, and what aiosmtplib and the network raise."""
        smtp, sender = settings.smtp, in_ascii(settings.address)
        context = ssl.create_default_context() if smtp.security != "none" else None
        client = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port or _PORTS[smtp.security],
            use_tls=smtp.security == "tls",
            # Left to itself it would go on in the clear where no TLS is offered.
            start_tls=False,
            tls_context=context,
            # Looked up it could take seconds, and tell strangers what our machines are called.
            local_hostname=sender.rpartition("@")[2],
            timeout=smtp.timeout,
        )
        line = cls(client, sender)
        try:
            await line._greet(starttls=smtp.security == "starttls")
            await line._log_in(smtp.user or settings.address, smtp.password.get_secret_value(), token)
        except BaseException:
            line.drop()
            raise
        return line

    @property
    def is_open(self) -> bool:
        """Whether it can be used, as far as is known."""
        return self._client.is_connected

    async def begin(self, recipient: str, mail: bytes) -> None:
        """Hand over all of the mail but the dot that ends it."""
        most = self._client.esmtp_extensions.get("size", "")
        if most.isdecimal() and 0 < int(most) < len(mail):
            raise Rejected(f"a mail of {_mb(len(mail))} is too large: the server takes {_mb(int(most))}")
        size = [b"SIZE=%d" % len(mail)] if "size" in self._client.esmtp_extensions else []
        await self._say("sender", b"MAIL", b"FROM:<%b>" % self._sender.encode(), *size)
        await self._say("recipient", b"RCPT", b"TO:<%b>" % recipient.encode())
        await self._say("data", b"DATA", wanted=(354,))
        await self._carry(mail.replace(b"\r\n.", b"\r\n.."))

    async def end(self) -> None:
        """Say that the mail is whole; raises ConnectorError when it is not taken, and Unclear when nobody knows."""
        protocol = self._protocol
        try:
            protocol.write(b".\r\n")
        except aiosmtplib.SMTPServerDisconnected as error:
            raise Unavailable("the mail server hung up before the mail was whole") from error
        try:
            response = await protocol.read_response(timeout=ANSWER)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.drop()
            raise Unclear(_reason(error)) from error
        except BaseException:
            self.drop()
            raise
        if 200 <= response.code < 300:
            return
        if not 400 <= response.code < 600 or response.code == 421:
            self.drop()
        if not 400 <= response.code < 600:
            raise Unclear(f"the mail server answered {response.code}")
        raise refusal("data", *response)

    async def reset(self) -> None:
        """Make it ready for another mail, after one that was refused."""
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self.drop()

    async def quit(self) -> None:
        """Take leave."""
        with suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(_GOODBYE):
                await self._client.quit()
        self.drop()

    def drop(self) -> None:
        """End it at once: a server that hangs would not let TLS take leave."""
        transport = self._client.transport
        self._client.close()
        if transport is not None:
            cast(asyncio.WriteTransport, transport).abort()

    # ---- getting in ----

    async def _greet(self, *, starttls: bool) -> None:
        try:
            await self._client.connect()
            await self._client.ehlo()
            if not starttls:
                return
            if not self._client.supports_extension("starttls"):
                raise Denied("the mail server offers no STARTTLS; use security tls, or look at who answers there")
            await self._client.starttls()
            await self._client.ehlo()
        except aiosmtplib.SMTPResponseException as error:
            raise refusal("greeting", error.code, error.message) from error

    async def _log_in(self, user: str, password: str, token: Token | None) -> None:
        if token is None and not password:
            return
        offered = self._client.server_auth_methods
        # One of them alone: each wrong password more brings the account nearer to being locked.
        ways = {
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
            "cram-md5": self._client.auth_crammd5,
        }
        way = next((ways[name] for name in ways if name in offered), None)
        can = way is not None if token is None else "xoauth2" in offered
        if not can:
            what = "a password" if token is None else "access tokens (XOAUTH2)"
            raise Denied(f"the mail server takes no login by {what}; look at host, port and security")
        try:
            if token is not None:
                await self._show(user, token)
            elif way is not None:
                await way(user, password)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise refusal("login", error.code, error.message) from error

    async def _show(self, user: str, token: Token) -> None:
        try:
            await self._client.auth_xoauth2(user, await token())
        except aiosmtplib.SMTPAuthenticationError:
            # It may have been revoked before its end; if it was more than that, the provider says so.
            await self._client.auth_xoauth2(user, await token(renew=True))

    # ---- talking ----

    @property
    def _protocol(self) -> SMTPProtocol:
        if self._client.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the mail server hung up")
        return self._client.protocol

    async def _say(self, stage: Stage, *words: bytes, wanted: tuple[int, ...] = (250, 251)) -> None:
        seconds = self._client.timeout
        if stage == "sender" and self.used_at and seconds is not None:
            seconds = min(seconds, _PROBE)
        response = await self._client.execute_command(*words, timeout=seconds)
        if response.code not in wanted:
            raise refusal(stage, *response)

    async def _carry(self, content: bytes) -> None:
        protocol = self._protocol
        # What it says before the end is its word on the mail: too large, say.
        protocol._response_pending = True
        try:
            for start in range(0, len(content), _PIECE):
                protocol.write(content[start : start + _PIECE])
                # Others get their turn, and some loops notice only then that they hold too much.
                await asyncio.sleep(0)
                await protocol._drain_helper()
        except OSError:
            if not _has_spoken(protocol):
                raise
        if _has_spoken(protocol):
            response = await protocol.read_response(timeout=0)
            self.drop()
            raise refusal("data", *response)


def _has_spoken(protocol: SMTPProtocol) -> bool:
    return protocol._response_waiter is not None and protocol._response_waiter.done()


@contextmanager
def _unsent() -> Iterator[None]:
    """Whatever goes wrong in here, nothing was sent."""
    try:
        yield
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _meaning(error) from error


def _meaning(error: BaseException) -> ConnectorError:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = f"the mail server's certificate is not to be trusted: {cause.verify_message}"
        return Denied(f"{why}; set smtp.host to the name it was made for, or look at who answers there")
    if isinstance(cause, ssl.SSLError) and cause.reason == "WRONG_VERSION_NUMBER":
        return Denied("the mail server does not begin with TLS there; set security starttls, or the port for tls")
    return Unavailable(f"the mail server cannot be reached: {_reason(error)}")


def _reason(error: BaseException) -> str:
    return clean_name(str(error), 300) or "no answer in time"


def _mb(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"
