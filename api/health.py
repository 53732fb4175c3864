"""Whether the process lives, whether it can serve, and its figures for Prometheus."""

import asyncio
import threading
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import log
from api import metrics, reference
from api.auth import allow_open
from api.house import House, house
from api.schemas import Answer
from api.writes import answer
from dialogs.queues import behind
from storage import halts, ledger, opinions, tasks
from storage.db import Tx, is_database_fault, now
from storage.schema import is_current, is_newer

router = APIRouter(tags=["health"])

# Probes that come while one hangs must not each take a thread for longer than their patience.
_one_look = threading.Lock()
_WRONG = "wrong schema"
_log = log.get(__name__)


class Health(Answer):
    """The process is there."""

    ok: Literal[True]


class Readiness(Answer):
    """Whether requests can be served; and how the broker is and how many seconds the oldest work waits."""

    ok: bool
    database: Literal["up", "newer schema", "away", "wrong schema"]
    broker: str
    lag_seconds: dict[Literal["inbox", "outbox"], float]


@router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """The process is there; it asks nobody else."""
    return answer(200, {"ok": True})


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(request: Request) -> Response:
    """200 when the database answers and has the schema this version needs, else 503; in time, whatever hangs.

    A schema that became newer since this process began serves it too: that is an upgrade under way.
    """
    mine = house(request)
    patience = mine.settings.web.patience
    try:
        async with asyncio.timeout(patience):
            found = await asyncio.to_thread(_look, mine, patience)
    except TimeoutError:
        found = _away()
    return answer(200 if found["ok"] else 503, found)


@router.get("/metrics", response_class=Response, dependencies=[Depends(allow_open("metrics.read"))])
def figures(of: Annotated[House, Depends(house)]) -> Response:
    """Counts and ages from the database, and this process's own figures, in Prometheus's text format.

    Open on loopback unless `web.open_metrics` says nobody; else for an administrator's token.
    """
    with of.db.snapshot() as tx:
        told = ledger.status(tx)
        standing = halts.by_channel(tx).keys()
        to_do, asked = tasks.counts(tx, now()), opinions.figures(tx)
    stopped = {name: name in standing for name in of.settings.channels}
    found = metrics.registry(told, stopped, to_do, asked, of.feed.readers)
    return Response(generate_latest(found), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False, dependencies=[Depends(allow_open("docs.read"))])
def docs(request: Request) -> Response:
    """This API, to read; open on loopback unless `web.open_metrics` says nobody, else for any operator's token."""
    return HTMLResponse(reference.page(request.app.openapi()), headers=reference.HEADERS)


@router.get("/openapi.json", include_in_schema=False, dependencies=[Depends(allow_open("docs.read"))])
def openapi(request: Request) -> Response:
    """The same for programs, as OpenAPI 3.1."""
    return answer(200, request.app.openapi())


def _look(mine: House, patience: float) -> dict[str, Any]:
    if not _one_look.acquire(timeout=patience):
        return _away()
    try:
        with mine.db.read() as tx:
            schema = _schema(mine, tx)
            lags = behind(tx) if schema != _WRONG else {}
        return {"ok": schema != _WRONG, "database": schema, "broker": mine.broker(), "lag_seconds": lags}
    except Exception as error:
        if not is_database_fault(error):
            raise
        _log.warning("readiness.database_away", error=type(error).__name__)
        return {**_away(), "broker": mine.broker()}
    finally:
        _one_look.release()


def _schema(mine: House, tx: Tx) -> str:
    if is_current(tx):
        return "up"
    return "newer schema" if mine.settled() and is_newer(tx) else _WRONG


def _away() -> dict[str, Any]:
    return {"ok": False, "database": "away", "broker": "unknown", "lag_seconds": {}}
