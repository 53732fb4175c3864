"""A plain client of the fake VK, for tests of the fake itself."""

import json
import urllib.parse
import urllib.request
from typing import Any

from tests.fakes.vk import FakeVk

Json = dict[str, Any]
ANNA = 1001


class VkClient:
    """Calls methods with the right token, and listens."""

    def __init__(self, vk: FakeVk) -> None:
        self.vk = vk
        self.timeout = 5.0

    def call(self, method: str, **params: Any) -> Json:
        """The whole answer of a method."""
        form = {"access_token": self.vk.token, "v": "5.199", **params}
        return self.fetch(f"{self.vk.url}/method/{method}", urllib.parse.urlencode(form).encode())

    def code(self, method: str, **params: Any) -> int:
        """The error code a method answers with, 0 for none."""
        return int(self.call(method, **params).get("error", {}).get("error_code", 0))

    def send(self, peer_id: int, text: str, random_id: int = 0, **params: Any) -> Json:
        """What became of a message."""
        found = self.call("messages.send", peer_ids=peer_id, message=text, random_id=random_id, **params)
        answer: Json = found["response"][0]
        return answer

    def server(self) -> Json:
        """Where to listen."""
        answer: Json = self.call("groups.getLongPollServer", group_id=self.vk.group_id)["response"]
        return answer

    def listen(self, server: Json | None = None, ts: str = "", wait: float = 0) -> Json:
        """One answer of Long Poll."""
        place = server or self.server()
        asked = {"act": "a_check", "key": place["key"], "ts": ts or place["ts"], "wait": wait}
        return self.fetch(f"{place['server']}?{urllib.parse.urlencode(asked)}")

    def upload(self, url: str, field: str, name: str, content: bytes) -> Json:
        """What an upload server answers."""
        head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
        request = urllib.request.Request(url, head.encode() + content + b"\r\n--x--\r\n", method="POST")
        request.add_header("Content-Type", "multipart/form-data; boundary=x")
        return self.fetch(request)

    def fetch(self, url: str | urllib.request.Request, body: bytes | None = None) -> Json:
        """What comes back, as JSON."""
        with urllib.request.urlopen(url, body, timeout=self.timeout) as answer:
            found: Json = json.loads(answer.read())
        return found
