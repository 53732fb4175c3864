"""Visitors' sessions: signed tokens that say who holds them, and the site's own tokens that say who its visitor is."""

import secrets
import threading
import warnings
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey

from connectors.abilities import Session
from connectors.base import Proof, Refused, Sender
from connectors.text import clean_email, clean_name
from connectors.webchat.addresses import IDENTIFIED, NAME_LENGTH, anonymous, escape, identified, kind_and_name
from connectors.webchat.wire import Opening, check_key

T = TypeVar("T")

# A site's clock may be off by this, in seconds.
_SKEW = 300
# How far ahead an identity may run out, and how long its visitor is believed to be the same.
_IDENTITY_LIFE = 86400
_VOUCHED = timedelta(seconds=_IDENTITY_LIFE)
_TOKEN_LENGTH = 8192
_REMEMBERED = 8192


class _Claims(msgspec.Struct):
    """A session token's content."""

    aud: str
    sub: str
    exp: int
    name: str = ""
    email: str = ""
    proofs: tuple[Proof, ...] = ()


class _Identity(msgspec.Struct):
    """An identity token's content."""

    sub: str
    exp: float
    nbf: float = 0
    aud: str | list[str] | None = None
    name: str | None = None
    email: str | None = None
    email_verified: Any = False


class Sessions:
    """Opens sessions of one channel and knows them again."""

    def __init__(self, channel: str, days: float, identity_secret: str) -> None:
        self._channel = channel
        self._life = timedelta(days=days)
        self._identity_key = _key(identity_secret.encode()) if identity_secret else None
        # Checking a signature anew for each request would cost more than all the rest of it.
        self._known: dict[tuple[str, bytes], tuple[int, Session]] = {}
        self._learning = threading.Lock()

    def open(self, asked: Opening, old_token: str | None, key: bytes, at: datetime) -> Session:
        """A new token; raises Refused 401 for an identity that does not hold."""
        before = self._still(old_token, key, at)
        if asked.identity:
            visitor, expires = self._identified(asked, at), at + min(self._life, _VOUCHED)
        else:
            visitor, expires = _same(asked, before.visitor if before else None), at + self._life
            if before and kind_and_name(visitor.address)[0] == IDENTIFIED:
                # What a site has said of its visitor does not last longer for his asking.
                expires = before.expires_at
        return Session(self._issue(visitor, key, expires), visitor, expires.replace(microsecond=0))

    def session(self, token: str, key: bytes, at: float) -> Session:
        """What the token stands for at `at`, in seconds since 1970; raises Refused 401."""
        known = self._known.get((token, key))
        if known is None:
            known = self._verify(token, key)
            with self._learning:
                if len(self._known) >= _REMEMBERED:
                    del self._known[next(iter(self._known))]
                self._known[token, key] = known
        expires, session = known
        if expires <= at:
            with self._learning:
                self._known.pop((token, key), None)
            raise Refused("the session has run out; open a new one", 401)
        return session

    def _still(self, token: str | None, key: bytes, at: datetime) -> Session | None:
        try:
            return self.session(token, key, at.timestamp()) if token else None
        except Refused:
            return None

    def _issue(self, visitor: Sender, key: bytes, expires: datetime) -> str:
        claims = _Claims(
            self._channel, visitor.address, int(expires.timestamp()), visitor.name, visitor.email, visitor.proofs
        )
        return jwt.encode({"alg": "HS256"}, msgspec.to_builtins(claims), _key(key))

    def _verify(self, token: str, key: bytes) -> tuple[int, Session]:
        claims = _claims(token, _key(key), _Claims)
        if claims is None or claims.aud != self._channel:
            raise Refused("the session's token is not valid; open a new session", 401)
        visitor = Sender(claims.sub, claims.name, claims.email, claims.proofs)
        return claims.exp, Session(token, visitor, datetime.fromtimestamp(claims.exp, UTC))

    def _identified(self, asked: Opening, at: datetime) -> Sender:
        """The visitor the site vouches for: the same on all his devices."""
        if self._identity_key is None:
            raise Refused("identity: this channel has no identity_secret to check it with", 401)
        claims = _claims(asked.identity or "", self._identity_key, _Identity)
        if claims is None:
            raise Refused("identity: the token is not valid (HS256, with sub and exp)", 401)
        self._check(claims, at.timestamp())
        email = clean_email(claims.email or "")
        proofs = (Proof("email", email.lower()),) if email and claims.email_verified is True else ()
        name = clean_name(claims.name or "") or clean_name(asked.name or "")
        return Sender(identified(claims.sub), name, email or clean_email(asked.email or ""), proofs)

    def _check(self, claims: _Identity, at: float) -> None:
        # Written so that a NaN fails.
        if not claims.exp > at:
            raise Refused("identity: the token has expired", 401)
        if claims.exp > at + _IDENTITY_LIFE + _SKEW:
            raise Refused("identity: exp lies more than 24 hours ahead", 401)
        if claims.nbf > at + _SKEW:
            raise Refused("identity: the token is not valid yet", 401)
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if audience is not None and self._channel not in audience:
            raise Refused(f"identity: aud does not name the channel {self._channel!r}", 401)
        try:
            check_key("sub", escape(claims.sub), NAME_LENGTH)
        except Refused as error:
            raise Refused(f"identity: {error}", 401) from None


def _same(asked: Opening, before: Sender | None) -> Sender:
    """The visitor he was before, or one nobody knows; with what he says of himself by now."""
    if before is None:
        before = Sender(anonymous(secrets.token_urlsafe(16)))
    name, email = clean_name(asked.name or ""), clean_email(asked.email or "")
    return Sender(before.address, name or before.name, email or before.email, before.proofs)


@lru_cache(maxsize=16)
def _key(value: bytes) -> OctKey:
    with warnings.catch_warnings():
        # `check` tells of a short secret; it does not keep a chat from opening.
        warnings.simplefilter("ignore", SecurityWarning)
        return OctKey.import_key(value)


def _claims(token: str, key: OctKey, kind: type[T]) -> T | None:
    """The claims of a token the key signed; None for any other."""
    if len(token) > _TOKEN_LENGTH:
        return None
    try:
        return msgspec.convert(jwt.decode(token, key, algorithms=["HS256"]).claims, kind)
    except (JoseError, msgspec.ValidationError, ValueError, RecursionError):
        return None
