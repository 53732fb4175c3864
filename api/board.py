"""Tasks over HTTP: lists, making, changing, and taking changes back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.auth import allow
from api.fields import Body, Day, Hour, Id, Listing, Moment, PathId, QueryId, Search, Title
from api.house import House, house
from api.schemas import Page, Priority, Promiser, Task, TaskChange, TaskKind, TaskStatus, errors
from api.writes import Writer, answer, writer
from dialogs.access import Staff
from dialogs.work import Work
from storage.db import now
from tasks import board, undo, view
from tasks.deadline import office_hours

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])

Reads = Annotated[Staff, Depends(allow("task.read"))]
Writes = Annotated[Writer, Depends(writer("task.write"))]
Of = Annotated[House, Depends(house)]


class Tasks(Listing):
    """Which tasks are wanted; without `status` those that are open or proposed.

    `assignee` is "me", "none" or an operator's id; `due_after` and `due_before` are the first and the last day; `q` is
    a text in the title or the client's name.
    """

    status: TaskStatus | None = None
    kind: TaskKind | None = None
    assignee: Literal["me", "none"] | QueryId | None = None
    dialog: QueryId | None = None
    due_after: Day | None = None
    due_before: Day | None = None
    overdue: bool | None = None
    q: Search | None = None
    sort: view.Sort = "due"


class NewTask(Body):
    """A task made by hand; `message` is one of the dialog that it comes from.

    A commitment is the operator's unless it says whose.
    """

    dialog: Id
    title: Title
    kind: TaskKind = "request"
    promised_by: Promiser | None = None
    due: Day | None = None
    due_time: Hour | None = None
    priority: Priority = "normal"
    assignee: Literal["me"] | Id | None = None
    message: Id | None = None


class Edit(Body):
    """What changes in a task; what is not named stays.

    `status` = open takes up what is proposed, or opens what is closed again. Without `due` there is no `due_time`.
    With `suggestion` what a machine suggested is done, or forgotten. 409 if `updated_at` is given and somebody changed
    the task since.
    """

    status: Literal["open", "done", "cancelled", "rejected"] = "open"
    title: Title = ""
    kind: TaskKind = "request"
    promised_by: Promiser = "operator"
    due: Day | None = None
    due_time: Hour | None = None
    priority: Priority = "normal"
    assignee: Literal["me"] | Id | None = None
    suggestion: Literal["accept", "dismiss"] | None = None
    updated_at: Moment | None = None


class Undo(Body):
    """The change that is taken back; without one the last."""

    change: Id | None = None


@router.get("", response_model=Page[Task], responses=errors(401, 422))
def list_tasks(asked: Annotated[Tasks, Query()], actor: Reads, of: Of) -> Response:
    """Tasks, those that fall due first before the others, and those without a day last."""
    wanted = asked.model_dump(exclude={"sort", "limit", "cursor"})
    assignee = actor.id if asked.assignee == "me" else asked.assignee
    wish = view.Filter(**wanted | {"assignee": assignee, "q": asked.q or None})
    with of.db.read() as tx:
        return answer(200, view.listed(tx, wish, asked.sort, asked.page, now()).to_dict())


@router.post("", status_code=201, response_model=Task, responses=errors(401, 403, 409, 422))
def make_task(body: NewTask, write: Writes) -> Response:
    """Make a task by hand; it is open."""

    def act(work: Work) -> tuple[int, Any]:
        fields = _fields(body, {"dialog", "message"}, write.actor)
        draft = board.Draft(body.dialog, fields, body.message)
        return 201, _shown(work, board.create(work, draft, office_hours(write.house.settings)))

    return write(body, act)


@router.get("/{number}", response_model=Task, responses=errors(401, 404, 422))
def get_task(number: PathId, _actor: Reads, of: Of) -> Response:
    """One task."""
    with of.db.read() as tx:
        return answer(200, view.task(tx, number, now()))


@router.patch("/{number}", response_model=Task, responses=errors(401, 403, 404, 409, 422))
def change_task(number: PathId, body: Edit, write: Writes) -> Response:
    """Take up, finish, cancel, reject or reopen it, give it to somebody, put it right. 409 when somebody was faster."""

    def act(work: Work) -> tuple[int, Any]:
        fields = _fields(body, {"suggestion", "updated_at"}, write.actor)
        wish = board.Wish(fields, body.suggestion, body.updated_at)
        board.change(work, number, wish, office_hours(write.house.settings))
        return 200, _shown(work, number)

    return write(body, act)


@router.post("/{number}/undo", response_model=Task, responses=errors(401, 403, 404, 409, 422))
def undo_change(number: PathId, write: Writes, body: Undo | None = None) -> Response:
    """Take a change back: the last one, or the one that is named. 409 where a later one set the same again."""

    def act(work: Work) -> tuple[int, Any]:
        undo.undo(work, number, None if body is None else body.change, office_hours(write.house.settings))
        return 200, _shown(work, number)

    return write(body, act)


@router.get("/{number}/changes", response_model=Page[TaskChange], responses=errors(401, 404, 422))
def list_changes(number: PathId, asked: Annotated[Listing, Query()], _actor: Reads, of: Of) -> Response:
    """What happened to a task, the newest change first."""
    with of.db.read() as tx:
        return answer(200, view.changes(tx, number, asked.page).to_dict())


def _fields(body: Body, without: set[str], actor: Staff) -> dict[str, Any]:
    """The fields that were named."""
    named = body.model_dump(mode="json", exclude_unset=True, exclude=without)
    return named | {"assignee": actor.id} if named.get("assignee") == "me" else named


def _shown(work: Work, number: int) -> dict[str, Any]:
    return view.task(work.tx, number, work.at)
