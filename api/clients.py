"""Clients over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.auth import allow
from api.fields import BlankName, Body, Email, Listing, Moment, PathId, Search, Text
from api.house import House, house
from api.schemas import Client, Page, errors
from api.writes import Writer, answer, writer
from dialogs import clients
from dialogs.access import Staff
from dialogs.work import Work

router = APIRouter(prefix="/v1/clients", tags=["clients"])

Reads = Annotated[Staff, Depends(allow("client.read"))]
Of = Annotated[House, Depends(house)]


class Clients(Listing):
    """`q` is a text in names, addresses, e-mail or phone."""

    q: Search | None = None


class Edit(Body):
    """What is to be put right. 409 if `updated_at` is given and somebody changed the client since."""

    name: BlankName = ""
    email: Email = ""
    phone: BlankName = ""
    note: Text = ""
    updated_at: Moment | None = None


@router.get("", response_model=Page[Client], responses=errors(401, 422))
def list_clients(asked: Annotated[Clients, Query()], actor: Reads, of: Of) -> Response:
    """Clients, the newest first."""
    with of.db.read() as tx:
        return answer(200, clients.clients(tx, actor, asked.q or None, asked.page).to_dict())


@router.get("/{client_id}", response_model=Client, responses=errors(401, 404, 422))
def get_client(client_id: PathId, actor: Reads, of: Of) -> Response:
    """One client."""
    with of.db.read() as tx:
        return answer(200, clients.client(tx, actor, client_id))


@router.patch("/{client_id}", response_model=Client, responses=errors(401, 403, 404, 409, 422))
def edit_client(client_id: PathId, body: Edit, write: Annotated[Writer, Depends(writer("client.write"))]) -> Response:
    """Put right what is known of a client; what is not named stays."""

    def act(work: Work) -> tuple[int, Any]:
        values = body.model_dump(exclude_unset=True, exclude={"updated_at"})
        clients.edit(work, client_id, values, body.updated_at)
        return 200, clients.client(work.tx, write.actor, client_id)

    return write(body, act)
