"""The feed of events over HTTP: a list, or a stream for who asks for one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api import streams
from api.auth import allow
from api.fields import Listing, QueryId
from api.house import House, house
from api.schemas import Event, Page, errors
from api.writes import answer
from dialogs import events
from dialogs.access import Staff

router = APIRouter(prefix="/v1", tags=["events"])


class Events(Listing):
    """`after` is the id of the last event that is known."""

    after: QueryId | None = None


@router.get(
    "/events",
    response_model=Page[Event],
    responses={200: {"content": {"text/event-stream": {}}}, **errors(401, 422, 503)},
)
def follow(
    request: Request,
    asked: Annotated[Events, Query()],
    actor: Annotated[Staff, Depends(allow("event.read"))],
    of: Annotated[House, Depends(house)],
    last_event_id: Annotated[QueryId | None, Header()] = None,
) -> Response:
    """Everything that happens, in the order it happened, without gap or repeat.

    A list like the others; with `Accept: text/event-stream` a stream that goes on behind Last-Event-ID or `after`,
    else begins now.
    """
    if "text/event-stream" in request.headers.get("accept", ""):
        return streams.for_staff(of, actor, asked.after if last_event_id is None else last_event_id)
    with of.db.read() as tx:
        return answer(200, events.events(tx, actor, asked.after or 0, asked.page).to_dict())
