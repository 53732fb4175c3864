"""Departments over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.auth import allow
from api.fields import Body, Listing, Name, PathId, Signature
from api.house import House, house
from api.schemas import Department, Page, errors
from api.writes import Writer, answer, writer
from dialogs import departments
from dialogs.access import Staff
from dialogs.work import Work

router = APIRouter(prefix="/v1/departments", tags=["departments"])

Of = Annotated[House, Depends(house)]
Reads = Annotated[Staff, Depends(allow("department.read"))]
Writes = Annotated[Writer, Depends(writer("department.write"))]


class NewDepartment(Body):
    """A department to be; `{author}` in the signature is who writes."""

    name: Name
    signature: Signature = ""


class Change(Body):
    """What changes; an empty signature leaves the channel's to stand below mails."""

    name: Name = ""
    signature: Signature = ""


@router.get("", response_model=Page[Department], responses=errors(401, 422))
def list_departments(asked: Annotated[Listing, Query()], actor: Reads, of: Of) -> Response:
    """All departments."""
    with of.db.read() as tx:
        return answer(200, departments.listing(tx, actor, asked.page).to_dict())


@router.post("", status_code=201, response_model=Department, responses=errors(401, 403, 409, 422))
def add_department(body: NewDepartment, write: Writes) -> Response:
    """Add a department; operators are put into it one by one."""
    return write(body, lambda work: (201, departments.create(work, body.name, body.signature)))


@router.get("/{department_id}", response_model=Department, responses=errors(401, 404, 422))
def get_department(department_id: PathId, actor: Reads, of: Of) -> Response:
    """One department."""
    with of.db.read() as tx:
        return answer(200, departments.department(tx, actor, department_id))


@router.patch("/{department_id}", response_model=Department, responses=errors(401, 403, 404, 409, 422))
def change_department(department_id: PathId, body: Change, write: Writes) -> Response:
    """Rename, or sign otherwise; what is not named stays, and so do letters that are written already."""
    values = body.model_dump(exclude_unset=True)
    return write(body, lambda work: (200, departments.change(work, department_id, values)))


@router.delete("/{department_id}", status_code=204, responses=errors(401, 403, 404, 422))
def remove_department(department_id: PathId, write: Writes) -> Response:
    """Remove a department; its operators are in none then."""

    def act(work: Work) -> tuple[int, Any]:
        departments.remove(work, department_id)
        return 204, None

    return write(None, act)
