"""The website chat's door under load: POST /chat/site/messages from 64 connections."""

import json
import os
import shutil
import statistics
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tests.bench import load
from tests.bench.house import CHANNEL, House, Stage
from tests.bench.pipeline import WORKERS, await_empty, stored

CONNECTIONS = 64
_VISITORS = 200
_SCRIPT = Path(__file__).with_name("post.lua")
# Seconds of a run, and of the beginning of a run that is not counted.
_SHORT, _LONG, _WARM = 5, 20, 3


class Shot(NamedTuple):
    """What wrk tells: requests a second, latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def measure(stage: Stage) -> dict[str, Any]:
    """Posts a second against the echo of the same server; then what of that load is stored meanwhile."""
    rounds, seconds = stage.size(3, 1), stage.size(_SHORT, 2)
    with stage.house() as house:
        door = Door(house)
        house.web("-m", "tests.bench.echo")
        echoes, posts = [], []
        for _ in range(rounds):
            echoes.append(door.shoot("echo", seconds))
            posts.append(door.shoot("messages", seconds))
        accepted = stored_raws(house)
    if accepted < sum(shot.rate for shot in posts) * seconds * 0.9:
        raise RuntimeError(f"only {accepted} raws are in the inbox")
    echo, post = (statistics.median(shot.rate for shot in shots) for shots in (echoes, posts))
    found = {
        "connections": CONNECTIONS,
        "echo_per_s": round(echo),
        "post_per_s": round(post),
        "share_of_echo": round(statistics.median(p.rate / e.rate for p, e in zip(posts, echoes, strict=True)), 3),
        "post_p50_ms": round(statistics.median(shot.p50 for shot in posts), 1),
        "post_p99_ms": round(statistics.median(shot.p99 for shot in posts), 1),
        "echo_p99_ms": round(statistics.median(shot.p99 for shot in echoes), 1),
    }
    return found | _under_load(stage, post)


def _under_load(stage: Stage, alone: float) -> dict[str, Any]:
    seconds = stage.size(_LONG, 4)
    with stage.house() as house:
        door = Door(house)
        house.web()
        for _ in range(WORKERS):
            house.worker()
        house.daemon("work", "deliver").await_line("worker.ready")
        shooting = door.begin("messages", seconds)
        time.sleep(_WARM)
        began, before = time.monotonic(), stored(house.db)
        time.sleep(max(0.0, seconds - _WARM - 0.5))
        rate = (stored(house.db) - before) / (time.monotonic() - began)
        shot = door.end(shooting)
        await_empty(house.db)
    return {
        "busy_post_per_s": round(shot.rate),
        "busy_post_p99_ms": round(shot.p99, 1),
        "busy_stored_per_s": round(rate),
        "stored_share_of_posts_alone": round(rate / alone, 3),
    }


def stored_raws(house: House) -> int:
    """How many raws came in."""
    with house.db.read() as tx:
        return int(tx.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one())


class Door:
    """The door of a house, and what is needed to knock at it."""

    def __init__(self, house: House, visitors: int = _VISITORS) -> None:
        self._house, self._visitors = house, visitors
        self._runs = 0
        self._tokens, self._texts = house.folder / "tokens", house.folder / "texts"
        self._texts.write_bytes(b"".join(orjson.dumps(text) + b"\n" for text in load.texts(200)))

    def shoot(self, route: str, seconds: int) -> Shot:
        """Post to the route for so long."""
        return self.end(self.begin(route, seconds))

    def begin(self, route: str, seconds: int) -> "subprocess.Popen[str]":
        """Let wrk begin; its sessions are opened at the door first."""
        program = shutil.which("wrk")
        if program is None:
            raise SystemExit("wrk is not installed")
        if not self._tokens.exists():
            self._tokens.write_text("".join(open_session(self._house) + "\n" for _ in range(self._visitors)))
        self._runs += 1
        environ = {
            "OKNO_BENCH_TOKENS": str(self._tokens),
            "OKNO_BENCH_TEXTS": str(self._texts),
            "OKNO_BENCH_RUN": f"r{self._runs}",
        }
        url = f"{self._house.address}/chat/{CHANNEL}/{route}"
        command = [program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--timeout", "10", "-s", str(_SCRIPT), url]
        return subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True)

    def end(self, shooting: "subprocess.Popen[str]") -> Shot:
        """What it found; raises RuntimeError if any request was not accepted."""
        output, _ = shooting.communicate()
        told = json.loads(output.splitlines()[-1])
        if told["errors"] or not told["requests"]:
            raise RuntimeError(f"not every request was accepted:\n{output}")
        return Shot(told["requests"] / told["seconds"], told["p50"], told["p99"])


def open_session(house: House) -> str:
    """The token of a new visitor."""
    request = urllib.request.Request(f"{house.address}/chat/{CHANNEL}/sessions", b"{}", method="POST")
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["token"])
