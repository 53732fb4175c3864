"""The web process with one more route, which does nothing but check the visitor's token and send the body back.

Run in the place of `python workers.py web`: everything is the same process, with the same server settings, around the
same door. POST /chat/{channel}/echo is answered without a look at the body and without a database.
"""

from starlette.responses import Response

import log
import settings as config
from api import app
from api.door import Door, Receive, Scope, Send, bearer
from pipeline.stopping import Stop


class Echo:
    """The product's application, and the echo in front of it."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        parts = scope["path"].split("/") if scope["type"] == "http" else []
        if len(parts) != 4 or parts[3] != "echo":
            await self._door(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self._door.chat(parts[2]).visitor(bearer(headers), self._door.key())
        body = await self._door.body(headers, receive)
        await Response(body, 202, media_type="application/json")(scope, receive, send)


class Web(app.Web):
    """One web process that echoes too."""

    def __init__(self, settings: config.Settings) -> None:
        super().__init__(settings)
        self.app = Echo(self.app)  # type: ignore[assignment]


if __name__ == "__main__":
    loaded = config.load()
    log.configure(loaded.log.level, loaded.log.format)
    app.Web = Web  # type: ignore[misc]
    app.serve(loaded, Stop().on_signals())
