"""The vault: what connectors must not forget, sealed by who puts it there; this side cannot open it."""

from sqlalchemy import select, update

from storage import bulk
from storage.db import Tx
from storage.models import Sealed

VAULT = Sealed.__table__  # type: ignore[attr-defined]


def get(tx: Tx, channel: str, name: str) -> bytes | None:
    """What the channel keeps under this name; None where that is nothing."""
    query = select(VAULT.c.value).where(VAULT.c.channel == channel, VAULT.c.name == name)
    found: bytes | None = tx.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)


def put(tx: Tx, channel: str, name: str, value: bytes, before: bytes | None) -> None:
    """Keep it in place of `before`; where something else is kept by then, that is newer and stays."""
    if before is None:
        row = (channel, name, value)
        bulk.insert_new(tx, VAULT, ("channel", "name", "value"), [row], ("channel", "name"))
        return
    kept = (VAULT.c.channel == channel, VAULT.c.name == name, VAULT.c.value == before)
    tx.execute(update(VAULT).where(*kept).values(value=value))
