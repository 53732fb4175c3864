"""Originals over HTTP: what a message came in, as a file to save."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.auth import allow
from api.fields import PathId
from api.files import HARMLESS
from api.house import House, house
from api.schemas import errors
from connectors.abilities import Originals
from connectors.base import Raw
from dialogs import originals
from dialogs.access import Staff
from errors import NotFound
from pipeline.attach import Shelf

router = APIRouter(prefix="/v1/dialogs/{dialog_id}/messages", tags=["files"])


@router.get("/{message_id}/original", response_class=Response, responses=errors(401, 403, 404, 422))
def original(
    dialog_id: PathId,
    message_id: PathId,
    actor: Annotated[Staff, Depends(allow("file.read"))],
    of: Annotated[House, Depends(house)],
) -> Response:
    """What a message came in, byte for byte, to save: a mail as .eml."""
    with of.db.read() as tx:
        row = originals.find(tx, actor, dialog_id, message_id)
    if row.channel not in of.channels:
        raise NotFound("The channel of this message is not open.")
    connector: object = of.channels[row.channel]
    if not isinstance(connector, Originals):
        raise NotFound("There is no original of this message.")
    try:
        data = Shelf(of.files).data_of(row.data)
    except OSError:
        raise NotFound("The original of this message is not kept any more.") from None
    found = connector.original(Raw(row.external_id, row.address, data))
    headers = {"content-disposition": f'attachment; filename="message-{message_id}{found.suffix}"', **HARMLESS}
    return Response(found.data, headers=headers, media_type=found.type)
