"""A house with people in it: operators, clients who write, letters that get out."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from connectors.base import ChannelSettings, Message, Part, Sender
from dialogs import desk, view, visitors, work, writing
from dialogs.access import Staff
from pipeline.stitch import Parsed, stitch
from storage import journal, operators, outbox, talk
from storage.db import Database, now
from storage.outbox import OUTBOX

SITE, SHOP = "site", "shop"
POLICIES = {name: ChannelSettings(kind="any") for name in (SITE, SHOP)}


def whole(_channel: str, draft: writing.Draft, files: Sequence[Any]) -> list[Part]:
    """Everything in one letter."""
    return [Part(draft.text, tuple(range(len(files))))]


class Scene:
    """Makes things happen the way the house makes them happen."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._numbers = itertools.count(1)

    def operator(self, name: str = "", role: str = "operator") -> Staff:
        """Somebody new at the desk."""
        name = name or f"Operator {next(self._numbers)}"
        with self.db.begin() as tx:
            row = operators.create(tx, name, role)
        return Staff(row.id, row.name, row.role)

    def token(self, staff: Staff, expires_at: datetime | None = None) -> str:
        """A token of his."""
        with self.db.begin() as tx:
            return operators.issue(tx, staff.id, expires_at)[1]

    def says(self, address: str, text: str = "hello", **more: Any) -> int:
        """A client writes; gives back his dialog."""
        channel = more.pop("channel", SITE)
        key = more.pop("key", None) or f"{address}:{next(self._numbers)}"
        sender = Sender(address, more.pop("name", ""), proofs=more.pop("proofs", ()))
        message = Message(key, sender, text, more.pop("sent_at", None) or now(), **more)
        with self.db.begin() as tx:
            journal.append(tx, stitch(tx, [Parsed(channel, [message])], POLICIES))
        with self.db.read() as tx:
            return visitors.dialogs_of(tx, [(channel, address)])[channel, address]

    def many(self, address: str, count: int) -> int:
        """A client writes much at once; gives back his dialog."""
        messages = [
            Message(f"{address}:{n}", Sender(address), f"text {n}", now() + timedelta(microseconds=n))
            for n in range(count)
        ]
        with self.db.begin() as tx:
            journal.append(tx, stitch(tx, [Parsed(SITE, messages)], POLICIES))
        with self.db.read() as tx:
            return visitors.dialogs_of(tx, [(SITE, address)])[SITE, address]

    def replies(self, staff: Staff, dialog_id: int, text: str = "here you are", **more: Any) -> int:
        """An operator replies; gives back the message."""
        draft = writing.Draft(text, **more)
        done = work.perform(self.db, staff, lambda job: writing.reply(job, dialog_id, draft, whole))
        return int(done.result)

    def notes(self, staff: Staff, dialog_id: int, text: str = "between us") -> int:
        """An operator leaves a note; gives back the message."""
        return int(work.perform(self.db, staff, lambda job: writing.note(job, dialog_id, text)).result)

    def changes(self, staff: Staff, dialog_id: int, **wish: Any) -> None:
        """An operator changes the dialog."""
        if "assignee" in wish:
            wish["assigns"] = True
        work.perform(self.db, staff, lambda job: desk.change(job, dialog_id, desk.Wish(**wish)))

    def delivers(self, message_id: int, state: str = outbox.SENT) -> None:
        """The channel took the message's letters, or whatever `state` says."""
        with self.db.begin() as tx:
            mine = OUTBOX.c.message_id == message_id
            at = now() if state == outbox.SENT else None
            tx.execute(update(OUTBOX).where(mine).values(state=state, sent_at=at, attempts=1))
            dialog_id = tx.execute(select(OUTBOX.c.dialog_id).where(mine)).scalars().first()
            assert dialog_id is not None
            if state == outbox.SENT:
                visitors.show(tx, dialog_id, message_id)
            journal.append(tx, [journal.Entry(f"message.{state}", journal.SYSTEM, dialog_id, {"message": message_id})])

    def dialog(self, staff: Staff, dialog_id: int) -> dict[str, Any]:
        """The dialog as the API shows it."""
        with self.db.read() as tx:
            return view.dialog(tx, staff, dialog_id)

    def messages(self, staff: Staff, dialog_id: int, limit: int = 200) -> list[dict[str, Any]]:
        """The dialog's messages as the API shows them."""
        with self.db.read() as tx:
            return view.dialog_messages(tx, staff, dialog_id, False, (limit, None)).items

    def letters(self, message_id: int) -> list[Any]:
        """The rows of the outbox."""
        with self.db.read() as tx:
            return outbox.of_messages(tx, [message_id]).get(message_id, [])

    def journal(self, kind: str = "") -> list[journal.Line]:
        """The journal's lines, of one type if asked."""
        with self.db.read() as tx:
            return [line for line in journal.read(tx, 0, 100_000) if kind in ("", line.type)]

    def row(self, dialog_id: int) -> Any:
        """The dialog's row."""
        with self.db.begin() as tx:
            return talk.lock(tx, [dialog_id])[dialog_id]
