"""Vaults: what a connector must not forget, sealed in the database and changed by one process at a time."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Self, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import log
from connectors.abilities import Secrets
from connectors.base import Unavailable
from connectors.registry import Channels
from storage import leases, vault
from storage.db import Database, Tx, is_database_fault

T = TypeVar("T")

_log = log.get(__name__)

# Seconds a change may take before another process may begin one, and how often to ask for one's turn and how long.
_LEASE, _ASK, _PATIENCE = 60.0, 0.2, 20.0
# Seconds to offer again what must be kept, while the database is away.
_OFFER = 60.0
# Bytes of AES-GCM's nonce, before what is sealed.
_NONCE = 12


class _Lock(NamedTuple):
    """Where a value lies, and the key to it: both made of the secret, which the database does not have."""

    name: str
    key: AESGCM

    @classmethod
    def of(cls, channel: str, secret: str) -> Self:
        made = HKDF(SHA256(), 64, salt=None, info=b"okno vault " + channel.encode()).derive(secret.encode())
        return cls(made[:32].hex(), AESGCM(made[32:]))

    def seal(self, value: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self.key.encrypt(nonce, value, None)

    def open(self, sealed: bytes | None) -> bytes:
        if sealed is None:
            return b""
        try:
            return self.key.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except (InvalidTag, ValueError):
            # Written by another hand: as good as nothing.
            return b""


class Vault:
    """One channel's; see connectors.abilities.Vault. One for each connector of a process."""

    def __init__(self, db: Database, channel: str) -> None:
        self._db, self._channel = db, channel
        self._turn = asyncio.Lock()

    async def change(self, secret: str, work: Callable[[bytes], Awaitable[bytes]]) -> bytes:
        """See connectors.abilities.Vault."""
        lock = _Lock.of(self._channel, secret)
        # The lease is the whole process's.
        async with self._turn:
            held = await self._lease(f"vault:{self._channel}:{lock.name[:16]}")
            try:
                before = await self._write(partial(vault.get, channel=self._channel, name=lock.name))
                known = lock.open(before)
                value = await work(known)
                if value != known:
                    await self._keep(lock, value, before)
                return value
            finally:
                # It ends by itself too.
                with suppress(Unavailable):
                    await self._write(partial(leases.give_back, held=held))

    async def _lease(self, name: str) -> leases.Held:
        until = time.monotonic() + _PATIENCE
        while (held := await self._write(partial(leases.take, name=name, seconds=_LEASE))) is None:
            if time.monotonic() > until:
                raise Unavailable("another process is renewing the channel's access, and does not come to an end")
            await asyncio.sleep(_ASK)
        return held

    async def _keep(self, lock: _Lock, value: bytes, before: bytes | None) -> None:
        """Nobody gives the value a second time, so it is offered until it is kept."""
        sealed, until = lock.seal(value), time.monotonic() + _OFFER
        put = partial(vault.put, channel=self._channel, name=lock.name, value=sealed, before=before)
        while True:
            try:
                return await self._write(put)
            except Unavailable:
                if time.monotonic() > until:
                    _log.error("vault.lost", channel=self._channel)
                    raise
                await asyncio.sleep(_ASK)

    async def _write(self, work: Callable[[Tx], T]) -> T:
        try:
            return await asyncio.to_thread(self._db.write, work)
        except Exception as error:
            if not is_database_fault(error):
                raise
            raise Unavailable(
                f"the database with the channel's access does not answer: {type(error).__name__}"
            ) from error


def give(db: Database, channels: Channels) -> None:
    """Give a vault to each connector that keeps secrets; before its first call."""
    for name, connector in channels.connectors.items():
        if isinstance(connector, Secrets):
            connector.keep_in(Vault(db, name))
