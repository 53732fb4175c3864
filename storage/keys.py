"""Keys this installation makes for itself, the same for all its processes."""

import secrets

from sqlalchemy import select

from storage import bulk
from storage.db import Tx
from storage.models import Secret

SECRETS = Secret.__table__  # type: ignore[attr-defined]
# What signs the sessions of the website chat.
SESSIONS = "sessions"


def get(tx: Tx, name: str) -> bytes:
    """The key of this name, 32 random bytes; made when first asked for."""
    bulk.insert_new(tx, SECRETS, ("name", "value"), [(name, secrets.token_bytes(32))], ("name",))
    value: bytes = tx.execute(select(SECRETS.c.value).where(SECRETS.c.name == name)).scalar_one()
    return bytes(value)
