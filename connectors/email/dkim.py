"""Signatures by which a mail's domain vouches for it: DKIM (RFC 6376), by RSA or Ed25519 (RFC 8463). Pure.

Signed by hand: the library there is for it comes as source alone, rests since 2024, and does RSA with plain integers.
"""

import base64
import hashlib
import re
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"mime-version",
    b"content-type", b"reply-to", b"auto-submitted",
)  # fmt: skip
_HEADER = re.compile(rb"\r\n(?![ \t])")
_BLANKS = re.compile(rb"[ \t]+")
_LINE = 72


class BadKey(ValueError):
    """Nothing can be signed with it; the text says why, and nothing of the key."""


class Signer:
    """Signs mails for a domain with one of its keys, which verifiers find in DNS by the selector."""

    def __init__(self, domain: str, selector: str, pem: str) -> None:
        """`domain` in ASCII, `pem` a private key; raises BadKey."""
        self._names = f"d={domain}; s={selector}"
        self._key = _key(pem)

    def signed(self, mail: bytes, at: datetime) -> bytes:
        """The mail with its signature above it; the same mail and time make the same one."""
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = dict(map(_relaxed, _HEADER.split(head)))
        names = [name for name in _SIGNED if name in headers]
        # Named once more than it is there, From cannot be added a second time.
        listed = b":".join([b"from", *names[:5], b"\r\n " + names[5], *names[6:]]).decode()
        bare = (
            f"DKIM-Signature: v=1; a={self._algorithm}-sha256; c=relaxed/relaxed; {self._names};\r\n"
            f" t={int(at.timestamp())}; h={listed};\r\n bh={_packed(_body_hash(body))};\r\n b="
        ).encode()
        lines = [*((name, headers[name]) for name in names), _relaxed(bare)]
        written = _packed(self._sign(b"\r\n".join(b"%b:%b" % line for line in lines)))
        pieces = (written[start : start + _LINE] for start in range(0, len(written), _LINE))
        return bare + "\r\n ".join(pieces).encode() + b"\r\n" + mail

    @property
    def _algorithm(self) -> str:
        return "rsa" if isinstance(self._key, RSAPrivateKey) else "ed25519"

    def _sign(self, content: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(content, PKCS1v15(), SHA256())
        return self._key.sign(_hash(content))


def _key(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise BadKey("the key is locked with a password; give one that is not") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("the key is none in PEM (-----BEGIN PRIVATE KEY-----)") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadKey("DKIM knows keys of RSA and Ed25519 alone")
    return key


def _relaxed(header: bytes) -> tuple[bytes, bytes]:
    """Name and value as they are signed; how they are folded does not matter (3.4.2)."""
    name, _, value = header.partition(b":")
    return name.lower(), _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip()


def _body_hash(body: bytes) -> bytes:
    """The body's digest; blanks, and empty lines at its end, may change on the way (3.4.4)."""
    lines = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b" \r\n")
    digest = hashlib.sha256(lines)
    digest.update(b"\r\n" if lines else b"")
    return digest.digest()


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()
