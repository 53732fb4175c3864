"""The operators' desk over HTTP: dialogs, their messages and notes."""

from functools import partial
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from starlette.responses import Response

from api.auth import allow
from api.fields import Body, FileIds, Id, Listing, Moment, PathId, QueryId, Search, Seq, Text
from api.house import House, house
from api.schemas import Begun, Dialog, Me, Message, Page, errors
from api.writes import Writer, answer, writer
from dialogs import admission, desk, rewriting, signals, view, writing
from dialogs.access import Staff
from dialogs.work import Work
from pipeline import letters
from tasks import board
from tasks.deadline import office_hours

router = APIRouter(prefix="/v1", tags=["desk"])

Reads = Annotated[Staff, Depends(allow("dialog.read"))]
Writes = Annotated[Writer, Depends(writer("dialog.write"))]
Of = Annotated[House, Depends(house)]


def _short(value: str) -> str:
    if len(value.encode()) > 64:
        raise ValueError("at most 64 bytes")
    return value


class Dialogs(Listing):
    """Which dialogs are wanted; `assignee` is "me", "none" or an operator's id, `q` a text in names and messages."""

    status: Literal["open", "resolved"] | None = None
    assignee: Literal["me", "none"] | QueryId | None = None
    channel: Search | None = None
    unread: bool | None = None
    q: Search | None = None
    sort: view.Sort = "-last_at"


class Messages(Listing):
    """Which end a dialog is read from."""

    sort: Literal["seq", "-seq"] = "seq"


class Admission(Body):
    """The message whose sender is admitted."""

    message: Id


class Change(Body):
    """What is to become of a dialog.

    Null for `assignee` puts it back into the queue. With `read_up_to` it is not resolved if the client wrote since.
    `tasks` says what becomes of its open tasks when it is resolved; those that were only proposed are cancelled then,
    unless it says "keep".
    """

    assignee: Literal["me"] | Id | None = None
    status: Literal["open", "resolved"] | None = None
    read_up_to: Seq | None = None
    tasks: Literal["done", "cancelled", "keep"] | None = None

    @model_validator(mode="after")
    def _resolves(self) -> Self:
        if self.tasks is not None and self.status != "resolved":
            raise ValueError("tasks: counts only with status = resolved")
        return self


class Note(Body):
    """A note for colleagues; `files` are ids of uploads."""

    text: Text = ""
    files: FileIds = Field(default_factory=list)


class Button(Body):
    """A button below a message: a link with `url`, else an answer that comes back with its text and `data`."""

    text: Annotated[Text, StringConstraints(min_length=1, max_length=40)]
    # Some messengers let a button carry no more.
    data: Annotated[Text, AfterValidator(_short)] = ""
    url: Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://\S+$")] | None = None


class Said(Body):
    """Words for a client.

    Where they have looks, `markdown` (CommonMark, and ~~struck out~~; lines end where they end) or `html` (b, i, u, s,
    code, pre, blockquote, a) stands for the text.
    """

    text: Text = ""
    html: Text | None = None
    markdown: Text | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.html is not None and self.markdown is not None:
            raise ValueError("give html or markdown, not both")
        return self

    @property
    def draft(self) -> writing.Draft:
        """What an operator wants to say."""
        return letters.formatted(writing.Draft(self.text), self.html, self.markdown)


class Words(Said):
    """Words for a client, with `files`, ids of uploads, and buttons below them."""

    files: FileIds = Field(default_factory=list)
    buttons: list[Annotated[list[Button], Field(min_length=1, max_length=8)]] = Field(
        default_factory=list, max_length=8
    )

    @property
    def draft(self) -> writing.Draft:
        """What an operator wants to say."""
        rows = [[button.model_dump(exclude_defaults=True) for button in row] for row in self.buttons]
        return super().draft._replace(files=self.files, buttons=rows)


class Reply(Words):
    """A reply. 409 if the client wrote after `seen_up_to`, the `seq` of the newest message that was seen."""

    reply_to: Id | None = None
    channel: Search | None = None
    seen_up_to: Seq | None = None
    send_at: Moment | None = None


class Opening(Words):
    """The first word to a client."""

    client: Id
    channel: Search | None = None


@router.get("/me", response_model=Me, responses=errors(401))
def me(actor: Reads, of: Of) -> Response:
    """Who I am, and by which clock the business works."""
    known = {"id": actor.id, "name": actor.name, "role": actor.role}
    return answer(200, {**known, "timezone": of.settings.timezone})


@router.get("/dialogs", response_model=Page[Dialog], responses=errors(401, 422))
def list_dialogs(asked: Annotated[Dialogs, Query()], actor: Reads, of: Of) -> Response:
    """Dialogs, the one with the latest word first."""
    assignee = actor.id if asked.assignee == "me" else asked.assignee
    wanted = view.Filter(asked.status, assignee, asked.channel or None, asked.unread, asked.q or None)
    with of.db.read() as tx:
        return answer(200, view.dialogs(tx, actor, wanted, asked.sort, asked.page).to_dict())


@router.post("/dialogs", status_code=201, response_model=Begun, responses=errors(401, 403, 409, 422))
def write_first(body: Opening, write: Writes) -> Response:
    """Write to a client who may have asked nothing. Unless work is going on, it begins, and is the writer's."""

    def act(work: Work) -> tuple[int, Any]:
        draft = body.draft._replace(channel=body.channel)
        dialog_id, message_id = writing.write_first(
            work, body.client, draft, partial(letters.split, write.house.channels)
        )
        shown = view.dialog(work.tx, write.actor, dialog_id)
        return 201, {**shown, "message": view.message(work.tx, write.actor, message_id)}

    return write(body, act)


@router.get("/dialogs/{dialog_id}", response_model=Dialog, responses=errors(401, 404, 422))
def get_dialog(dialog_id: PathId, actor: Reads, of: Of) -> Response:
    """One dialog."""
    with of.db.read() as tx:
        return answer(200, view.dialog(tx, actor, dialog_id))


@router.patch("/dialogs/{dialog_id}", response_model=Dialog, responses=errors(401, 403, 404, 409, 422))
def change_dialog(dialog_id: PathId, body: Change, write: Writes) -> Response:
    """Take it, give it away, resolve, reopen, mark read. 409 when somebody else was faster.

    409 with `open_tasks`, their numbers, when it cannot be resolved until `tasks` says what becomes of them.
    """

    def act(work: Work) -> tuple[int, Any]:
        assignee = write.actor.id if body.assignee == "me" else body.assignee
        wish = desk.Wish(body.status, "assignee" in body.model_fields_set, assignee, body.read_up_to)
        # One that is resolved already is asked nothing again, but what is said of its tasks is done.
        if desk.change(work, dialog_id, wish) or body.tasks is not None:
            board.settle(work, dialog_id, body.tasks, office_hours(write.house.settings))
        return 200, view.dialog(work.tx, write.actor, dialog_id)

    return write(body, act)


@router.get("/dialogs/{dialog_id}/messages", response_model=Page[Message], responses=errors(401, 404, 422))
def list_messages(dialog_id: PathId, asked: Annotated[Messages, Query()], actor: Reads, of: Of) -> Response:
    """The messages of a dialog by their arrival; on a page in the order they were written."""
    with of.db.read() as tx:
        return answer(200, view.dialog_messages(tx, actor, dialog_id, asked.sort == "-seq", asked.page).to_dict())


@router.post(
    "/dialogs/{dialog_id}/messages",
    status_code=202,
    response_model=Message,
    responses=errors(401, 403, 404, 409, 422),
)
def reply(dialog_id: PathId, body: Reply, write: Writes) -> Response:
    """Reply to the client where he wrote last, or in `channel`; at `send_at` if it is given."""

    def act(work: Work) -> tuple[int, Any]:
        given = body.model_dump(include={"reply_to", "channel", "seen_up_to", "send_at"})
        draft = body.draft._replace(**given)
        message_id = writing.reply(work, dialog_id, draft, partial(letters.split, write.house.channels))
        return 202, view.message(work.tx, write.actor, message_id)

    return write(body, act)


@router.patch(
    "/dialogs/{dialog_id}/messages/{message_id}", response_model=Message, responses=errors(401, 403, 404, 409, 422)
)
def rewrite(dialog_id: PathId, message_id: PathId, body: Said, write: Writes) -> Response:
    """Change the words of a reply, also where the client has it already, if his channel lets us."""

    def act(work: Work) -> tuple[int, Any]:
        rewriting.rewrite(work, dialog_id, message_id, body.draft, partial(letters.split, write.house.channels))
        return 200, view.message(work.tx, write.actor, message_id)

    return write(body, act)


@router.delete("/dialogs/{dialog_id}/messages/{message_id}", status_code=204, responses=errors(401, 403, 404, 409, 422))
def take_back(dialog_id: PathId, message_id: PathId, write: Writes) -> Response:
    """Take a reply back, also from the client who has it already, if his channel lets us."""

    def act(work: Work) -> tuple[int, Any]:
        rewriting.take_back(work, dialog_id, message_id)
        return 204, None

    return write(None, act)


@router.post("/dialogs/{dialog_id}/participants", status_code=204, responses=errors(401, 403, 404, 422))
def admit(dialog_id: PathId, body: Admission, write: Writes) -> Response:
    """Let the sender of a message that claims to be of this dialog, or is held in it, write to it from now on."""

    def act(work: Work) -> tuple[int, Any]:
        admission.admit(work, dialog_id, body.message)
        return 204, None

    return write(body, act)


@router.delete("/dialogs/{dialog_id}/participants/{message_id}", status_code=204, responses=errors(401, 403, 404, 422))
def dismiss(dialog_id: PathId, message_id: PathId, write: Writes) -> Response:
    """Take back that the sender of this message may write to this dialog; what he wrote stays."""

    def act(work: Work) -> tuple[int, Any]:
        admission.dismiss(work, dialog_id, message_id)
        return 204, None

    return write(None, act)


@router.post("/dialogs/{dialog_id}/typing", status_code=204, responses=errors(401, 403, 404, 422))
def typing(dialog_id: PathId, write: Writes) -> Response:
    """Show the client that somebody types, for some seconds, where his channel has a form for it."""

    def act(work: Work) -> tuple[int, Any]:
        signals.typing(work, dialog_id)
        return 204, None

    return write(None, act)


@router.post(
    "/dialogs/{dialog_id}/notes", status_code=201, response_model=Message, responses=errors(401, 403, 404, 409, 422)
)
def note(dialog_id: PathId, body: Note, write: Writes) -> Response:
    """Leave a note; it never leaves the house."""

    def act(work: Work) -> tuple[int, Any]:
        message_id = writing.note(work, dialog_id, body.text, body.files)
        return 201, view.message(work.tx, write.actor, message_id)

    return write(body, act)
