"""A server with OpenAI's chat completions: it answers what it is told to, counts who asks, and fails on demand.

In a test: `with Completions() as server:`, with `server.url` as the base address.
"""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Literal, NamedTuple, Self

KEY = "sk-s3cret-canary"

# What goes wrong: an HTTP status, or one of these.
Fault = int | Literal["slow", "cut", "not json", "no completion", "no content", "cut short", "huge", "elsewhere"]


class Asked(NamedTuple):
    """A request: its headers, what it holds, and the conversation in it."""

    headers: dict[str, str]
    body: dict[str, Any]
    told: dict[str, Any]

    @property
    def newest(self) -> dict[str, Any]:
        """The last message of the conversation."""
        return dict(self.told["conversation"][-1])


class Completions(ThreadingHTTPServer):
    """Answers each request with what `says` makes of it: an object, or text as it is. No tasks as long as it is None.

    `faults` strike one after the other, once each. `asked` holds the requests that were in order; the rest gets 400.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.says: Callable[[Asked], Any] | None = None
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.connections = 0
        # What "slow" waits for; let go at the end.
        self.gate = Event()
        self.turn = Lock()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def section(self) -> dict[str, Any]:
        """The settings [tasks.llm] of who asks here."""
        return {"url": self.url, "model": "fake", "key": KEY, "timeout": 20, "most": 6000}

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self.shutdown()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count who comes, whatever he wants."""
        self.connections += 1
        super().process_request(request, client_address)


def task(evidence: str, **more: Any) -> dict[str, Any]:
    """A task as a model tells of it."""
    return {"kind": "request", "title": evidence, "message": 1, "evidence": evidence, "due_phrase": None, **more}


def finds(*quotes: str, **more: Any) -> Callable[[Asked], Any]:
    """A model that takes each of these words of the newest message for a task."""
    return lambda asked: {"tasks": [task(quote, message=asked.newest["number"], **more) for quote in quotes]}


class _Door(BaseHTTPRequestHandler):
    server: Completions

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        with self.server.turn:
            fault = self.server.faults.pop(0) if self.server.faults else None
            asked = self._read(content)
            if asked is not None:
                self.server.asked.append(asked)
        if self.headers.get("authorization") != f"Bearer {KEY}":
            self._answer(401, {"error": {"message": f"Incorrect API key: {self.headers.get('authorization')}"}})
        elif asked is None:
            self._answer(400, {"error": {"message": "no request for chat completions with a strict schema"}})
        elif fault is not None:
            self._fail(fault)
        else:
            said = self.server.says(asked) if self.server.says else {"tasks": []}
            self._answer(200, _completion(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)))

    def _read(self, content: bytes) -> Asked | None:
        """The request, if it is one a real server would take."""
        try:
            body = json.loads(content)
            rules, talk = body["messages"]
            form = body["response_format"]
            right = (
                self.path == "/v1/chat/completions"
                and isinstance(body["model"], str)
                and (rules["role"], talk["role"]) == ("system", "user")
                and form["type"] == "json_schema"
                and form["json_schema"]["strict"] is True
                and _is_strict(form["json_schema"]["schema"])
            )
            return Asked(dict(self.headers.items()), body, json.loads(talk["content"])) if right else None
        except (ValueError, KeyError, TypeError):
            return None

    def _fail(self, fault: Fault) -> None:
        completion = _completion('{"tasks": []}')
        if isinstance(fault, int):
            self._answer(fault, {"error": {"message": f"trouble with {KEY}", "type": "trouble"}})
        elif fault == "slow":
            self.server.gate.wait(60)
        elif fault == "not json":
            self._answer(200, "<html>Bad gateway</html>")
        elif fault == "no completion":
            self._answer(200, {"object": "list", "data": []})
        elif fault == "no content":
            completion["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "I can't"}
            self._answer(200, completion)
        elif fault == "cut short":
            self._answer(200, {**completion, "choices": [{**completion["choices"][0], "finish_reason": "length"}]})
        elif fault == "huge":
            self._answer(200, _completion(" " * (4 << 20)))
        elif fault == "elsewhere":
            self._answer(307, {}, location=f"http://localhost:{self.server.server_port}/v1/chat/completions")

    def _answer(self, status: int, body: Any, **headers: str) -> None:
        content = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status == 429:
                self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            # Who had enough of it went away.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def _completion(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake", "choices": [choice]}


def _is_strict(schema: dict[str, Any]) -> bool:
    """Whether every object of it names all its properties as required, and allows no others."""
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    whole = schema["type"] != "object" or (
        schema["required"] == [*schema["properties"]] and schema["additionalProperties"] is False
    )
    return whole and all(map(_is_strict, inner))
