"""Operators and their tokens over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.auth import allow
from api.fields import Body, Id, Listing, Moment, Name, PathId
from api.house import House, house
from api.schemas import NewToken, Operator, Page, Role, Token, errors
from api.writes import Writer, answer, writer
from dialogs import team
from dialogs.access import Staff
from dialogs.work import Work
from storage import operators
from tasks import board
from tasks.deadline import office_hours

router = APIRouter(prefix="/v1/operators", tags=["operators"])

Of = Annotated[House, Depends(house)]
Runs = Annotated[Writer, Depends(writer("operator.write"))]
Keys = Annotated[Writer, Depends(writer("token.write"))]


class NewOperator(Body):
    """Somebody who begins."""

    name: Name
    role: Role = "operator"
    department: Id | None = None


class Change(Body):
    """What changes; who is no longer `active` comes in no more.

    He leaves his open dialogs and tasks to others, and so does who may only read from now on.
    """

    name: Name = ""
    role: Role = "operator"
    active: bool = True
    department: Id | None = None


class Wanted(Body):
    """A token to be; without `expires_at` it is good until it is revoked."""

    expires_at: Moment | None = None


@router.get("", response_model=Page[Operator], responses=errors(401, 422))
def list_operators(
    asked: Annotated[Listing, Query()], actor: Annotated[Staff, Depends(allow("operator.read"))], of: Of
) -> Response:
    """Everybody, those who were let go too."""
    with of.db.read() as tx:
        return answer(200, team.team(tx, actor, asked.page).to_dict())


@router.post("", status_code=201, response_model=Operator, responses=errors(401, 403, 409, 422))
def add_operator(body: NewOperator, write: Runs) -> Response:
    """Add an operator; he comes in once he has a token."""
    return write(body, lambda work: (201, team.hire(work, body.name, body.role, body.department)))


@router.patch("/{operator_id}", response_model=Operator, responses=errors(401, 403, 404, 409, 422))
def change_operator(operator_id: PathId, body: Change, write: Runs) -> Response:
    """Rename, promote, let go, take back, or put into a department; what is not named stays."""

    def act(work: Work) -> tuple[int, Any]:
        shown = team.change(work, operator_id, body.model_dump(exclude_unset=True))
        if not operators.can_work(active=shown["active"], role=shown["role"]):
            board.leave(work, operator_id, office_hours(write.house.settings))
        return 200, shown

    return write(body, act)


@router.get("/{operator_id}/tokens", response_model=Page[Token], responses=errors(401, 403, 404, 422))
def list_tokens(operator_id: PathId, actor: Annotated[Staff, Depends(allow("token.read"))], of: Of) -> Response:
    """All tokens an operator ever had, without the tokens themselves."""
    with of.db.read() as tx:
        return answer(200, team.tokens(tx, actor, operator_id).to_dict())


@router.post(
    "/{operator_id}/tokens", status_code=201, response_model=NewToken, responses=errors(401, 403, 404, 409, 422)
)
def issue_token(operator_id: PathId, body: Wanted, write: Keys) -> Response:
    """Make a token. It is in this answer and nowhere else; a repeated request gets the answer without it."""
    issued = ""

    def act(work: Work) -> tuple[int, Any]:
        nonlocal issued
        shown, issued = team.issue(work, operator_id, body.expires_at)
        return 201, {**shown, "token": None}

    response = write(body, act)
    # Kept for a repeated request is only the answer without it.
    return answer(201, {**orjson.loads(response.body), "token": issued}) if issued else response


@router.delete("/{operator_id}/tokens/{token_id}", status_code=204, responses=errors(401, 403, 404, 422))
def revoke_token(operator_id: PathId, token_id: PathId, write: Keys) -> Response:
    """End a token at once, and the streams that were opened with it."""

    def act(work: Work) -> tuple[int, Any]:
        team.revoke(work, operator_id, token_id)
        return 204, None

    return write(None, act)
