"""What became of what was posted: in the inbox, and once it is worked off in the dialogs."""

from typing import Any

from sqlalchemy import Table, select

from pipeline.attach import Shelf
from pipeline.daemons import file_store
from pipeline.drain import Drain
from storage.inbox import INBOX, QUEUE
from storage.talk import MESSAGES
from storage.verify import verify
from tests.api.served import Okno


def rows(okno: Okno, table: Table) -> list[Any]:
    """All rows of a table."""
    with okno.web.db.read() as tx:
        return list(tx.execute(select(table).order_by(*table.primary_key.columns)))


def taken(okno: Okno) -> list[str]:
    """The ids, as their senders know them, of what was taken in."""
    return sorted(row.external_id.rpartition(":")[2] for row in rows(okno, INBOX))


def said(okno: Okno) -> list[str]:
    """The texts in the dialogs once everything is worked off; every promise is kept."""
    web = okno.web
    drain = Drain(web.db, web.channels, Shelf(file_store(web.settings)), web.settings.work)
    while rows(okno, QUEUE):
        drain.visit()
    with web.db.read() as tx:
        assert verify(tx) == []
    assert len(rows(okno, MESSAGES)) == len(rows(okno, INBOX))
    return sorted(row.text for row in rows(okno, MESSAGES))
