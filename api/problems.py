"""Errors as RFC 9457 problem details, whatever went wrong."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import log
from api.caps import Caps
from connectors.text import clean_text
from errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from storage.db import is_database_fault
from storage.files import TooLarge
from storage.idempotency import Busy, Reused

TYPE = "application/problem+json"
_STATUS: dict[type[Refusal], int] = {NotFound: 404, Forbidden: 403, Invalid: 422, Conflict: 409, Stale: 409}
# What a program may want to tell from other errors of the same status has a name of its own.
_KIND: dict[type[Exception], str] = {Stale: "stale-view", Reused: "key-reused", Busy: "key-busy"}
_log = log.get(__name__)


def problem(
    status: int, detail: str, *, kind: str = "", headers: dict[str, str] | None = None, **extra: Any
) -> Response:
    """An error as it is answered; `extra` stands beside the usual members."""
    body = {
        "type": f"urn:okno:problem:{kind}" if kind else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": clean_text(detail),
        **extra,
    }
    option = orjson.OPT_UTC_Z
    return Response(
        orjson.dumps(body, option=option, default=str), status, {"cache-control": "no-store", **(headers or {})}, TYPE
    )


def install(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem, also a body that is too large."""
    for kind in (Refusal, Reused, Busy, TooLarge, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(Caps)
    app.add_middleware(Guard)


class Guard:
    """Answers what no handler expected: 503 while the database is away, else 500 with an id that is in the log.

    Every line that is logged on behalf of a request names it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False
        bind(scope)

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            await unexpected(error)(scope, receive, send)


def bind(scope: Mapping[str, Any]) -> None:
    """Whatever is logged from here on for this request bears its number and its path."""
    structlog.contextvars.bind_contextvars(request=secrets.token_hex(8), path=scope.get("path"))


def unexpected(error: Exception) -> Response:
    """The answer to an error nobody foresaw, which is logged under the number that `bind` gave the request."""
    if is_database_fault(error):
        _log.warning("request.database_away", error=type(error).__name__)
        return problem(503, "The database does not answer; try again.", headers={"retry-after": "1"})
    number = structlog.contextvars.get_contextvars()["request"]
    _log.error("request.failed", exc_info=error)
    return problem(500, "Something went wrong here; the log tells more under this id.", id=number)


async def _answer(_request: Request, error: Exception) -> Response:
    kind = _KIND.get(type(error), "")
    if isinstance(error, Refusal):
        return problem(_STATUS[type(error)], error.detail, kind=kind, **error.extra)
    if isinstance(error, Reused):
        return problem(422, "This Idempotency-Key was used for another request.", kind=kind)
    if isinstance(error, Busy):
        detail = "The first request with this Idempotency-Key is still being carried out."
        return problem(409, detail, kind=kind, headers={"retry-after": "1"})
    if isinstance(error, TooLarge):
        return problem(413, f"The file has {error}.")
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))


def _invalid(error: RequestValidationError) -> Response:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return problem(400, "The body is not JSON.")
    errors = [{"field": _field(fault["loc"]), "detail": clean_text(str(fault["msg"]))} for fault in faults]
    return problem(422, "; ".join(f"{one['field']}: {one['detail']}" for one in errors)[:2000], errors=errors)


def _field(loc: tuple[Any, ...]) -> str:
    """The field as the caller knows it: what it lies in is told by the request itself."""
    inside = loc[1:] if loc[0] in {"body", "query", "path", "header"} and len(loc) > 1 else loc
    return clean_text(".".join(str(part) for part in inside))[:200]
