"""Writes: one transaction for the change, its journal lines and the remembered answer to its Idempotency-Key."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import Depends, Header
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import allow
from api.house import House, house
from dialogs.access import Action, Staff
from dialogs.work import Work, perform
from pipeline import letters
from storage import idempotency
from storage.idempotency import Answer

# What a change comes to: a status, and what is to be answered as JSON, None for nothing.
Act = Callable[[Work], tuple[int, Any]]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x20-\x7e]{1,255}$",
        description="Chosen by the caller: the same request again has one effect and the same answer.",
    ),
]


def answer(status: int, content: Any) -> Response:
    """A JSON answer; times in UTC."""
    return _respond(_packed(status, content))


class Writer(NamedTuple):
    """Carries out the changes of one request."""

    house: House
    actor: Staff
    target: str
    key: str | None

    def __call__(self, content: BaseModel | dict[str, Any] | None, act: Act) -> Response:
        """Do it, or give the answer it got when it was done before. `content` is all the request says."""
        request = None if self.key is None else self._request(self.key, content)

        def once(work: Work) -> Answer:
            known = None if request is None else idempotency.claim(work.tx, request)
            if known is not None:
                return known
            given = _packed(*act(work))
            if request is not None:
                idempotency.settle(work.tx, request, given)
            return given

        done = perform(self.house.db, self.actor, once, partial(letters.can, self.house.channels))
        if done.channels:
            self.house.ring(done.channels)
        if done.pipeline:
            self.house.ring_inbox()
        return _respond(done.result)

    def _request(self, key: str, content: BaseModel | dict[str, Any] | None) -> idempotency.Request:
        said = content.model_dump(mode="json", exclude_unset=True) if isinstance(content, BaseModel) else content
        packed = orjson.dumps([self.target, said], option=orjson.OPT_SORT_KEYS)
        return idempotency.Request(self.actor.id, key, packed)


def writer(action: Action) -> Callable[..., Awaitable[Writer]]:
    """A dependency: what carries out a change of this kind for the operator who asks."""

    async def prepare(request: Request, actor: Annotated[Staff, Depends(allow(action))], key: Key = None) -> Writer:
        return Writer(house(request), actor, f"{request.method} {request.url.path}", key)

    return prepare


def _packed(status: int, content: Any) -> Answer:
    return Answer(status, b"" if content is None else orjson.dumps(content, option=orjson.OPT_UTC_Z))


def _respond(given: Answer) -> Response:
    kind = "application/json" if given.body else None
    return Response(given.body, given.status, {"cache-control": "no-store"}, kind)
