"""Uploads: the form of a file, read once the caller has been let in."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
_SCHEMA = {"type": "object", "required": ["file"], "properties": {"file": _FILE}}
# What a route that takes an upload says of its body.
FORM: dict[str, Any] = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _SCHEMA}}}}


def uploaded(let_in: Callable[..., Any]) -> Callable[..., AsyncIterator[UploadFile]]:
    """A dependency: the file of the form, read after the dependency `let_in` has let the caller in.

    For a parameter of the route FastAPI would read the whole form before it asks any dependency.
    """

    async def read(request: Request, _: Annotated[object, Depends(let_in)]) -> AsyncIterator[UploadFile]:
        form = await _form(request)
        try:
            yield _file_of(form)
        finally:
            await form.close()

    return read


async def _form(request: Request) -> FormData:
    try:
        return await request.form()
    except (HTTPException, OSError):
        # A disk that is full is no fault of the form.
        raise
    except Exception as error:
        raise HTTPException(400, "The form could not be read.") from error


def _file_of(form: FormData) -> UploadFile:
    file = form.get("file")
    if isinstance(file, UploadFile):
        return file
    fault = {"type": "missing", "loc": ("body", "file"), "msg": "a file is needed here"}
    raise RequestValidationError([fault])
