"""Who calls: from a bearer token to an operator, and whether his role allows the route."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import Request

import log
from api.callers import caller_of
from api.house import House, house
from api.rates import is_loopback
from dialogs.access import Action, Staff, demand
from storage import operators

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="An operator's token, `okno_…`, made by an administrator."
)
_log = log.get(__name__)


def operator(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Staff:
    """The operator whose token came with the request; 401 for one that is missing or no longer good."""
    if credentials is None:
        raise _unknown("This needs an operator's token: Authorization: Bearer …", "Bearer")
    mine = house(request)
    with mine.db.read() as tx:
        holder = operators.by_token(tx, credentials.credentials)
    if holder is None:
        raise _unknown("The token is not known, or no longer good.", 'Bearer error="invalid_token"')
    if holder.stale:
        _note_use(mine, holder.token_id)
    return Staff(holder.operator_id, holder.name, holder.role, holder.token_id, holder.expires_at)


def allow(action: Action) -> Callable[[Staff], Awaitable[Staff]]:
    """A dependency: the operator, if his role allows the action; else 403."""

    async def check(actor: Annotated[Staff, Depends(operator)]) -> Staff:
        demand(actor, action)
        return actor

    return check


def allow_open(action: Action) -> Callable[..., None]:
    """A dependency: open for callers on this machine if the settings say so, else for who has a token that may."""

    def check(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        web = house(request).settings.web
        here = is_loopback(caller_of(web, request.scope, dict(request.headers.raw)))
        if not (here and web.open_metrics == "loopback"):
            demand(operator(request, credentials), action)

    return check


def _note_use(mine: House, token_id: int) -> None:
    try:
        with mine.db.begin() as tx:
            operators.used(tx, token_id)
    except DBAPIError as error:
        # Nobody's request fails for a note of when he was here.
        _log.info("token.use_not_noted", error=type(error).__name__)


def _unknown(detail: str, challenge: str) -> HTTPException:
    return HTTPException(401, detail, {"www-authenticate": challenge})
