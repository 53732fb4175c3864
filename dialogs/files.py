"""Files: who may open an attachment, and what an operator uploads for a message to come."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from dialogs.access import Actor, Visitor, demand, files
from dialogs.work import Work
from errors import NotFound
from storage import attachments
from storage.attachments import ATTACHMENTS, STORED
from storage.db import Tx, now
from storage.files import Content


def find(tx: Tx, actor: Actor, file_id: str) -> Row[Any]:
    """The row of a file the actor may open and whose content is here; raises NotFound."""
    row = tx.execute(select(ATTACHMENTS).where(ATTACHMENTS.c.id == file_id, files(actor))).one_or_none()
    if row is None:
        raise NotFound("There is no such file.")
    if row.state != STORED:
        raise NotFound("The content of this file is not here.", state=row.state)
    return row


def upload(work: Work, name: str, declared: str, content: Content) -> dict[str, Any]:
    """Note down a stored content as the operator's, for a message of his."""
    demand(work.actor, "file.write")
    row = attachments.stored(attachments.operator(work.actor.id), name, declared, content)
    attachments.add(work.tx, [row])
    return {"id": row.id, "name": row.name, "type": row.type, "size": row.size}


def left_today(tx: Tx, visitor: Visitor) -> int:
    """Bytes the visitor left in the last day."""
    return attachments.bytes_since(tx, attachments.visitor(visitor.channel, visitor.address), now() - timedelta(days=1))


def leave(tx: Tx, visitor: Visitor, name: str, declared: str, content: Content) -> dict[str, Any]:
    """Note down a stored content as the visitor's, for a message of his."""
    demand(visitor, "chat.write")
    row = attachments.stored(attachments.visitor(visitor.channel, visitor.address), name, declared, content)
    attachments.add(tx, [row])
    return {"id": row.id, "name": row.name, "type": row.type, "size": row.size}
