"""E-mail in these runs: the house's mailbox on a real Dovecot, and how it and the mail server outside fail."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.chaos.proxy import Address, Proxy
from tests.chaos.servers import free_port
from tests.fakes import smtp
from tests.fakes.dovecot import PASSWORD, Dovecot
from tests.fakes.smtp import CUT, TAKEN_CUT, Stage

# The channel's name, and its kind.
MAIL = "email"
# What the mail server outside does to the next mails: where in the talk, and what.
BLOWS: Mapping[str, tuple[Stage, tuple[str, ...]]] = {
    "smtp is full": ("connect", ("421 4.3.2 too many connections",)),
    "smtp says later": ("rcpt", ("451 4.7.1 grey-listed", "450 4.2.1 busy")),
    "smtp takes it later": ("end", ("451 4.3.0 queue is full",)),
    "smtp cuts the mail": ("body", (CUT, CUT)),
    "smtp cuts at the dot": ("end", (CUT,)),
    "smtp takes it, then cuts": ("end", (TAKEN_CUT, TAKEN_CUT)),
    "smtp says nonsense at the dot": ("end", ("354 go ahead",)),
}
_RESTARTED, _FROZEN, _NUMBERED = "imap restarted", "imap frozen", "imap numbers anew"
# What is no matter of a proxy.
STRIKES = {*BLOWS, _RESTARTED, _FROZEN, _NUMBERED}
# kind -> seconds it lasts; 0 is over in a moment.
KINDS: Mapping[str, float] = {
    **dict.fromkeys(BLOWS, 0.0),
    _RESTARTED: 1.0,
    _FROZEN: 3.0,
    _NUMBERED: 0.0,
    "imap cut": 0.0,
    "imap black hole": 2.0,
    "imap answers lost": 1.0,
    "imap slow": 2.0,
    "smtp cut": 0.0,
    "smtp black hole": 2.0,
    "smtp answers lost": 1.0,
    "smtp slow": 2.0,
}
# What Dovecot keeps to know which number it gave to which file.
_NUMBERS = ("dovecot-uidlist", "dovecot.index*", "dovecot-uidvalidity*")

Spoil = Callable[..., Awaitable[object]]


class Mail:
    """The mailbox and its server; `port` is where the mail server outside listens."""

    def __init__(self, folder: Path) -> None:
        self._server = Dovecot(folder)
        self.port = free_port()
        # Nobody else's on this machine: whoever serves him is found by his name.
        self.address = f"support{self._server.port}@shop.example.org"
        self.maildir = folder / "mail" / self.address

    def start(self) -> None:
        """Start Dovecot and have it make the mailbox."""
        self._server.start()
        with self._server.client(self.address) as client:
            client.select("INBOX")

    def stop(self) -> None:
        """End Dovecot."""
        self._server.stop()

    def proxies(self) -> dict[str, Proxy]:
        """What stands between the house and the two servers, by its name in `KINDS`."""
        return {"imap": Proxy(partial(_at, self._server.port)), "smtp": Proxy(partial(_at, self.port))}

    def environ(self, ports: Mapping[str, int]) -> dict[str, str]:
        """The settings of its channel, which calls both servers through these ports."""
        own = {"KIND": MAIL, "ADDRESS": self.address, "RETRY": "[0.5, 1, 2]", "SMTP__USER": smtp.USER}
        for name, password in (("imap", PASSWORD), ("smtp", smtp.PASSWORD)):
            server = {"HOST": "127.0.0.1", "PORT": str(ports[name]), "SECURITY": "none", "PASSWORD": password}
            own |= {f"{name.upper()}__{key}": value for key, value in server.items()}
        return {f"OKNO_CHANNELS__{MAIL.upper()}__{key}": value for key, value in own.items()}

    async def strike(self, kind: str, seconds: float, spoil: Spoil) -> bool:
        """Carry out one of what proxies cannot do; False when there was nobody to strike."""
        if kind in BLOWS:
            stage, what = BLOWS[kind]
            await spoil(stage, *what)
        elif kind == _FROZEN:
            return await self._freeze(seconds)
        else:
            await asyncio.to_thread(self._server.stop)
            if kind == _NUMBERED:
                await self._forget_numbers()
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self._server.start)
        return True

    async def _freeze(self, seconds: float) -> bool:
        try:
            go_on = self._server.freeze(self.address)
        except AssertionError:
            return False
        await asyncio.sleep(seconds)
        go_on()
        return True

    async def _forget_numbers(self) -> None:
        """As when a mailbox is restored from a backup: each mail gets another number."""
        while self._server.serving(self.address):  # noqa: ASYNC110 - whoever knows the old ones writes them down again
            await asyncio.sleep(0.05)
        for pattern in _NUMBERS:
            for path in self.maildir.glob(pattern):
                path.unlink()


def _at(port: int) -> Sequence[Address]:
    return [("127.0.0.1", port)]
