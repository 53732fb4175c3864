"""The public door's quiet part: sessions, history, files and the live stream of the website chat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from starlette.datastructures import UploadFile

from api import streams
from api.door import Door, Trouble, bearer, cors
from api.files import handed_out
from api.house import House, house
from api.uploads import FORM, uploaded
from connectors.abilities import Chat
from dialogs import files, visitors
from dialogs.access import Visitor
from storage.db import now

router = APIRouter(prefix="/chat/{channel}", tags=["website chat"])
_WIDGET = Path(__file__).with_name("static") / "widget" / "widget.js"
_MOST = 200
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Caller:
    """A page that asks: its chat is there and it may use it; `headers` let it read the answer."""

    channel: str
    chat: Chat
    door: Door
    raw: dict[bytes, bytes]

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every answer."""
        allowed = {name.decode(): value.decode("latin-1") for name, value in cors(self.raw)}
        return {**allowed, "cache-control": "no-store"}

    def visitor(self) -> tuple[Visitor, datetime]:
        """Who holds the token, and until when; raises Refused with 401."""
        session = self.chat.session(bearer(self.raw), self.door.key())
        return Visitor(self.channel, session.visitor.address), session.expires_at

    def answer(self, body: Any, status: int = 200) -> Response:
        """A JSON answer."""
        content = orjson.dumps(body, option=orjson.OPT_UTC_Z)
        return Response(content, status, self.headers, "application/json")


def caller(what: str) -> Callable[[Request, str], Caller]:
    """A dependency: the asking page, within its rate of `what`."""

    def check(request: Request, channel: str) -> Caller:
        door: Door = request.app.state.door
        raw = dict(request.headers.raw)
        chat = door.chat(channel)
        door.check_origin(chat, raw)
        door.brake(what, request.scope, raw, getattr(chat.allowance, what))
        return Caller(channel, chat, door, raw)

    return check


HouseHere = Annotated[House, Depends(house)]
Asking = Annotated[Caller, Depends(caller("messages"))]
Opening = Annotated[Caller, Depends(caller("sessions"))]
Bringing = Annotated[Caller, Depends(caller("files"))]


@router.options("/{rest:path}", include_in_schema=False)
def preflight(page: Asking, rest: str) -> Response:  # noqa: ARG001 - any path below the channel
    """What browsers ask before a page of another site may talk to us."""
    allowed = {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "authorization, content-type, last-event-id",
        "access-control-max-age": "86400",
    }
    return Response(None, 204, {**page.headers, **allowed})


@router.post("/sessions", status_code=201)
async def open_session(request: Request, page: Opening) -> Response:
    """`{name?, email?, identity?}` → `{token, visitor, expires_at}`; with a valid token the visitor stays the same."""
    body = await page.door.body(page.raw, request.receive)
    session = page.chat.open_session(body, bearer(page.raw) or None, page.door.key(), now())
    told = {"token": session.token, "visitor": session.visitor.address, "expires_at": session.expires_at}
    return page.answer(told, 201)


@router.get("/messages")
def messages(
    page: Asking,
    at: HouseHere,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
) -> Response:
    """The visitor's history, oldest first: what came after the item `after`, else the newest."""
    visitor, _ = page.visitor()
    with at.db.read() as tx:
        found = visitors.visitor_messages(tx, visitor, after, limit)
    return page.answer({"items": found.items, "next": found.next})


@router.get("/events")
def events(
    page: Asking,
    at: HouseHere,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> Response:
    """The visitor's messages as they come, change or go, as server-sent events; resumes by Last-Event-ID.

    It ends with the session.
    """
    visitor, until = page.visitor()
    return streams.for_visitor(at, visitor, until, last_event_id, page.headers)


def leaving(page: Bringing, at: HouseHere) -> Visitor:
    """A dependency: a visitor who may leave a file today."""
    visitor, _ = page.visitor()
    with at.db.read() as tx:
        left = files.left_today(tx, visitor)
    if left >= page.chat.allowance.bytes_a_day:
        raise Trouble(429, "You left as many files today as this chat takes in a day.", 3600)
    return visitor


@router.post("/files", status_code=201, openapi_extra=FORM)
def upload(
    page: Bringing,
    at: HouseHere,
    visitor: Annotated[Visitor, Depends(leaving)],
    file: Annotated[UploadFile, Depends(uploaded(leaving))],
) -> Response:
    """Leave a file, the form's `file`, for a message that names its id; unused it is thrown away after a day."""
    limit = min(at.settings.web.max_file, at.channels[page.channel].limits.file)
    content = at.files.put_stream(iter(lambda: file.file.read(_CHUNK), b""), limit)
    with at.db.begin() as tx:
        shown = files.leave(tx, visitor, file.filename or "", file.content_type or "", content)
    return page.answer(shown, 201)


@router.get("/files/{file_id}", response_class=Response)
def download(
    page: Asking, at: HouseHere, file_id: Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
) -> Response:
    """A file of the visitor's own dialog."""
    visitor, _ = page.visitor()
    with at.db.read() as tx:
        row = files.find(tx, visitor, file_id)
    answer = handed_out(at, row)
    answer.headers.update({name: value for name, value in page.headers.items() if name != "cache-control"})
    return answer


@router.get("/widget.js", include_in_schema=False)
def widget(request: Request, channel: str) -> Response:
    """The chat's script tag; any site may load it, but only allowed ones may use the chat."""
    request.app.state.door.chat(channel)
    headers = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}
    return FileResponse(_WIDGET, media_type="text/javascript", headers=headers)
