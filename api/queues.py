"""What waits or stands still, over HTTP: inbox, outbox and channels."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.auth import allow
from api.fields import Listing, PathId, QueryId, Search
from api.house import House, house
from api.schemas import Channel, Letter, LetterState, Page, Raw, Replayed, errors
from api.writes import Writer, answer, writer
from dialogs import queues
from dialogs.access import Staff
from dialogs.work import Work
from pipeline import letters

router = APIRouter(prefix="/v1", tags=["queues"])

Reads = Annotated[Staff, Depends(allow("queue.read"))]
Writes = Annotated[Writer, Depends(writer("queue.write"))]
Of = Annotated[House, Depends(house)]


class Inbox(Listing):
    """Raws that are parked, or that wait to be processed."""

    state: Literal["parked", "waiting"] = "parked"


class Outbox(Listing):
    """Letters; without a state those that are neither sent nor cancelled."""

    state: LetterState | None = None
    channel: Search | None = None
    message: QueryId | None = None


@router.get("/inbox", response_model=Page[Raw], responses=errors(401, 422))
def list_inbox(asked: Annotated[Inbox, Query()], actor: Reads, of: Of) -> Response:
    """Raws that need somebody's eye, the oldest first."""
    with of.db.read() as tx:
        return answer(200, queues.raws(tx, actor, asked.state, asked.page).to_dict())


@router.get("/inbox/{inbox_id}/raw", response_class=Response, responses=errors(401, 404, 422))
def download_raw(inbox_id: PathId, actor: Reads, of: Of) -> Response:
    """What the source sent, byte for byte, as a download."""
    with of.db.read() as tx:
        data = queues.raw(tx, actor, inbox_id)
    headers = {
        "content-disposition": f'attachment; filename="raw-{inbox_id}.bin"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
    }
    return Response(data, headers=headers, media_type="application/octet-stream")


@router.post("/inbox/{inbox_id}/replay", response_model=Replayed, responses=errors(401, 403, 404, 409, 422))
def replay_raw(inbox_id: PathId, write: Writes) -> Response:
    """Have a parked raw processed again; what it said before is not said twice."""
    return write(None, lambda work: (200, queues.replay(work, inbox_id)))


@router.get("/outbox", response_model=Page[Letter], responses=errors(401, 422))
def list_outbox(asked: Annotated[Outbox, Query()], actor: Reads, of: Of) -> Response:
    """Letters, the newest first."""
    wanted = asked.model_dump(include={"state", "channel", "message"})
    with of.db.read() as tx:
        return answer(200, queues.letters(tx, actor, wanted, asked.page).to_dict())


@router.post("/outbox/{letter_id}/retry", response_model=Letter, responses=errors(401, 403, 404, 409, 422))
def retry_letter(letter_id: PathId, write: Writes) -> Response:
    """Try a letter again that failed, is held, or whose outcome nobody knows."""
    return write(None, lambda work: (200, queues.retry(work, letter_id)))


@router.post("/outbox/{letter_id}/cancel", response_model=Letter, responses=errors(401, 403, 404, 409, 422))
def cancel_letter(letter_id: PathId, write: Writes) -> Response:
    """Keep a letter from being sent; 409 once its call has begun."""

    def act(work: Work) -> tuple[int, Any]:
        return 200, queues.cancel(work, letter_id)

    return write(None, act)


@router.get("/channels", response_model=Page[Channel], responses=errors(401))
def list_channels(actor: Annotated[Staff, Depends(allow("channel.read"))], of: Of) -> Response:
    """The configured channels with their counts, and no secrets."""
    sections = {
        name: (str(section.get("kind", "")), name in of.channels, _can(of, name))
        for name, section in of.settings.channels.items()
    }
    with of.db.snapshot() as tx:
        return answer(200, queues.channels(tx, actor, sections).to_dict())


def _can(of: House, name: str) -> list[str]:
    return [what for what in ("edit", "delete") if letters.can(of.channels, name, what)]
