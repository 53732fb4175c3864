"""Caps: how many bytes one request may carry, counted as they come."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What a form has around its file: boundaries, and a name.
_FORM = 1 << 16


class Caps:
    """Refuses with 413 a body over the cap of the house the application serves: of JSON, or for a form of a file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        cap = left = _cap(scope, headers.get(b"content-type", b""))
        length = headers.get(b"content-length", b"")

        async def counted() -> Message:
            nonlocal left
            if length.isdigit() and int(length) > cap:
                raise _too_large(cap)
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(cap)
            return message

        await self._app(scope, counted, send)


def _cap(scope: Scope, content_type: bytes) -> int:
    web = scope["app"].state.house.settings.web
    cap: int = web.max_file + _FORM if content_type.startswith(b"multipart/form-data") else web.max_body
    return cap


def _too_large(cap: int) -> HTTPException:
    # Bytes left unread would be taken for the next request.
    return HTTPException(413, f"The request may carry {cap} bytes at most.", {"connection": "close"})
