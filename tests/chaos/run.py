"""One run: servers, daemons and the outside world are started, everything breaks by plan, and then it is counted."""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from sqlalchemy import text

from storage.db import Database
from tests.chaos import check, ledger, sabotage
from tests.chaos.config import Config
from tests.chaos.daemons import ROOT, Daemon, Fleet
from tests.chaos.faults import Faults
from tests.chaos.mail import MAIL, Mail
from tests.chaos.plan import ABSENT, ABSENT_UNTIL, LEASE, SITE, Fault, Target, plan
from tests.chaos.proxy import Address, Proxy
from tests.chaos.servers import Postgres, Redis, dies_with_us, free_port, postgresql_programs
from tests.chaos.vendors import Vendor, Vendors

# Two of each, so that a fault leaves somebody to take over.
_REPLICAS = 2
_COMMANDS = {"web": ["web"], "pipeline": ["work", "pipeline"], "deliver": ["work", "deliver"], "clock": ["clock"]}
_CHANNEL = "site"
_PORTS = ("door", "redis", "postgresql", "replies", "imap", "smtp")
_SECRET = "whsec_Y2hhb3MgaXMgYSBsYWRkZXIsIGFuZCBzbyBpcyB0aGlz"
# Messages a second that are written at most; in a short run fewer, so that the faults have something to hit.
_RATE, _SHORT_RATE, _SHORT = 120, 75, 4000
_READY_SECONDS, _SETTLE_SECONDS, _STILL_SECONDS, _STUCK_SECONDS = 60.0, 300.0, 45.0, 90.0
# How often a failing site waits for somebody to notice.
_PATIENCE = 5
# Readers that ask now and then have asked by then.
_LAST_READ = 2.5


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    seed: int
    messages: int
    db: str
    faults: int
    sabotage: str | None
    keep: bool
    channels: tuple[str, ...] = (SITE,)
    push: bool = False


class Outside:
    """The outside world's process, and what it is asked."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def ask(self, *command: Any) -> dict[str, int]:
        """One command and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the outside world has ended")
        answer: dict[str, int] = json.loads(line)
        return answer

    async def fail(self, how: str, seconds: float) -> bool:
        """Make the site's server fail for a while, at most a few times over, until somebody has met the failure."""
        for _ in range(_PATIENCE):
            before = await self.ask("fail", how, seconds)
            await asyncio.sleep(seconds)
            if (await self.ask("state"))["struck"] > before["struck"]:
                return True
        return False


class Run:
    """Everything one run needs, in `folder`."""

    def __init__(self, options: Options, folder: Path) -> None:
        self._options, self._folder = options, folder
        self._began = time.monotonic()
        target = Target(options.db, options.channels, options.push)
        self._plan = plan(options.seed, options.messages, options.faults, target)
        self._ports = {name: free_port() for name in (*_PORTS, *options.channels)}
        self._vendors = [
            Vendor(name, folder, free_port(), self._hook(name)) for name in options.channels if name not in (SITE, MAIL)
        ]
        self._mail = Mail(folder / "mail") if MAIL in options.channels else None
        self._redis = Redis(_made(folder / "redis"))
        self._web_ports = [free_port() for _ in range(_REPLICAS)]
        self._turn = 0
        self._token = ""
        self._proxies = {"door": Proxy(self._webs), "redis": Proxy(lambda: [("127.0.0.1", self._redis.port)])}
        self._proxies |= {vendor.name: Proxy(partial(_at, vendor.port)) for vendor in self._vendors}
        self._proxies |= self._mail.proxies() if self._mail else {}
        self._postgres: Postgres | None = None
        self._fleet = Fleet([])
        self._strikes: set[asyncio.Task[None]] = set()

    async def run(self) -> dict[str, Any]:
        """The figures, as the last line of the output has them."""
        self._say(f"seed {self._options.seed}, {self._options.messages} messages, {self._options.db}")
        for fault in self._plan:
            print(f"  plan: {fault.at:>6} {fault.kind} {fault.seconds:g} s")
        async with AsyncExitStack() as stack:
            db = await self._start_servers(stack)
            for vendor in self._vendors:
                stack.callback(_end, await vendor.start())
                await vendor.stand_behind(self._ports[vendor.name])
            await self._start_daemons(stack)
            outside = Outside(await self._start_world(stack))
            faults = Faults(self._options.seed, self._fleet, self._redis, self._proxies, outside.fail)
            faults.postgres, faults.vendors = self._postgres, Vendors(self._vendors)
            faults.mail = (self._mail, partial(outside.ask, "spoil")) if self._mail else None
            await self._break_things(outside, faults, db)
            await self._settle(outside, db)
            await outside.ask("end")
            with ledger.Ledger(self._folder / "ledger.jsonl") as book:
                await faults.vendors.look_back(book)
            for vendor in self._vendors:
                if vendor.pushes:
                    self._say("{}: pushed {} times, {} in vain".format(vendor.name, *await vendor.pushed()))
            self._say("stopping the daemons")
            await self._fleet.stop()
            return self._count(faults, db)

    # ---- the beginning ----

    async def _start_servers(self, stack: AsyncExitStack) -> Database:
        if not any(fault.kind == ABSENT for fault in self._plan):
            await self._redis.start()
        stack.push_async_callback(self._redis.stop, signal.SIGKILL)
        url = f"sqlite:///{self._folder / 'okno.db'}"
        if self._options.db == "postgresql":
            programs = postgresql_programs()
            assert programs is not None
            self._postgres = server = Postgres(self._folder / "postgresql", programs)
            await server.create()
            await server.start()
            stack.push_async_callback(server.stop, signal.SIGQUIT)
            self._proxies["postgresql"] = Proxy(lambda: [("127.0.0.1", server.port)])
            url = server.url(server.port)
        if self._mail:
            self._mail.start()
            stack.callback(self._mail.stop)
        for name, proxy in self._proxies.items():
            await proxy.start(self._ports[name])
            stack.push_async_callback(proxy.close)
        db = Database(url)
        stack.callback(db.close)
        return db

    async def _start_daemons(self, stack: AsyncExitStack) -> None:
        environ = self._environ()
        await self._command(environ, "migrate")
        added = await self._command(environ, "operator", "add", "Olga", "--role", "admin")
        self._token = added.split()[-1]
        daemons = []
        commands = _COMMANDS | ({"receive": ["receive"]} if self._vendors or self._mail else {})
        for kind, command in commands.items():
            for n in range(_REPLICAS):
                own = {**environ, "OKNO_WEB__PORT": str(self._web_ports[n])}
                daemons.append(Daemon(kind, command, own, self._folder / f"{kind}-{n}.log"))
        self._fleet = Fleet(daemons)
        stack.push_async_callback(self._fleet.stop)
        await self._fleet.start()
        for port in self._web_ports:
            await self._ready(port)
        for vendor in self._vendors:
            await vendor.is_heard()
        self._say("the daemons are ready")

    async def _command(self, environ: dict[str, str], *command: str) -> str:
        """Run one command to its end; gives back what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "workers.py"), *command, stdout=PIPE, stderr=PIPE, env=environ
        )
        said, complaints = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {complaints.decode()[-2000:]}")
        return said.decode()

    async def _ready(self, port: int) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < deadline:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)
        raise RuntimeError(f"no web process became ready; see {self._folder}/web-0.log")

    async def _start_world(self, stack: AsyncExitStack) -> Process:
        options = self._options
        rate = _SHORT_RATE if options.messages < _SHORT else _RATE
        config = Config(
            options.seed, options.messages, options.messages / rate, f"http://127.0.0.1:{self._ports['door']}",
            _CHANNEL, _SECRET, self._token, self._ports["replies"], str(self._folder / "ledger.jsonl"),
            options.channels, {vendor.name: vendor.url for vendor in self._vendors},
            *((self._mail.address, str(self._mail.maildir), self._mail.port) if self._mail else ()),
        )  # fmt: skip
        path = self._folder / "world.json"
        path.write_bytes(msgspec.json.encode(config))
        command = [*dies_with_us(), sys.executable, "-m", "tests.chaos.world", str(path)]
        world = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, cwd=ROOT, env=_outer(), process_group=0
        )
        stack.callback(_end, world)
        return world

    # ---- the middle ----

    async def _break_things(self, outside: Outside, faults: Faults, db: Database) -> None:
        """Until everything is written and answered, or nothing moves any more."""
        waiting = deque(self._plan)
        tampered = self._options.sabotage is None
        before, moved = -1, time.monotonic()
        while True:
            state = await outside.ask("state")
            acked = state["acked"]
            while waiting and acked >= self._due(waiting[0]):
                self._strike(faults, waiting.popleft(), acked)
            if not tampered and acked >= self._options.messages // 3:
                tampered = True
                self._say(f"sabotage: {self._options.sabotage}")
                await sabotage.sabotage(str(self._options.sabotage), db, self._fleet)
            if acked == self._options.messages and not state["busy"] and not waiting:
                break
            moved = time.monotonic() if acked + state["busy"] != before else moved
            before = acked + state["busy"]
            if time.monotonic() - moved > _STUCK_SECONDS:
                self._say(f"nothing moves: {state}")
                break
            await asyncio.sleep(0.05)
        self._say("everything is written; the faults end")
        if self._strikes:
            await asyncio.wait(self._strikes)

    def _due(self, fault: Fault) -> int:
        """When to act: what is absent from the start is broken already, and comes up then."""
        return int(self._options.messages * ABSENT_UNTIL) if fault.kind == ABSENT else fault.at

    def _strike(self, faults: Faults, fault: Fault, acked: int) -> None:
        self._say(f"{acked} acknowledged: {fault.kind}")
        task = asyncio.create_task(faults.strike(fault))
        self._strikes.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._strikes.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._say(f"a fault could not be carried out: {error!r}")

    # ---- the end ----

    async def _settle(self, outside: Outside, db: Database) -> None:
        """Wait until nothing is in flight any more, and everybody has read it; or until nothing moves."""
        began = moved = time.monotonic()
        before: tuple[int, ...] = ()
        while time.monotonic() - began < _SETTLE_SECONDS and time.monotonic() - moved < _STILL_SECONDS:
            state = await outside.ask("state")
            left, newest, stored = await asyncio.to_thread(_in_flight, db)
            if not left and stored >= state["acked"] and not state["busy"] and state["feed"] >= newest:
                break
            now = (left, newest, stored, state["busy"], state["feed"])
            moved, before = (moved, before) if now == before else (time.monotonic(), now)
            await asyncio.sleep(0.2)
        self._say(f"settled after {time.monotonic() - began:.1f} s")
        await asyncio.sleep(_LAST_READ)

    def _count(self, faults: Faults, db: Database) -> dict[str, Any]:
        world, house = check.read_world(self._folder / "ledger.jsonl"), check.read_house(db)
        figures = check.compare(world, house)
        figures.unsettled |= {f"{one.kind} did not stop {one.stuck} times" for one in self._fleet.daemons if one.stuck}
        for name, found in vars(figures).items():
            for what in sorted(found)[:10]:
                print(f"  {name}: {what}")
        gave_up = [daemon.kind for daemon in self._fleet.daemons for _ in range(daemon.gave_up)]
        replies = sum(len(tokens) for tokens in world.accepted.values())
        lags = check.lags(db)
        if lags:
            half, most = lags[len(lags) // 2], lags[len(lags) * 99 // 100]
            self._say(f"from inbox to dialog: p50 {half:.2f} s, p99 {most:.2f} s, at most {lags[-1]:.2f} s")
        twice, unknown = check.doubles(world, house)
        self._say(f"{unknown} replies had tries with an unknown outcome; {twice} arrived more than once")
        if self._mail:
            self._say(f"{len(world.answered)} mails answered one of ours")
        self._say(f"{replies} replies; answers by status {world.answers}; processes that gave up: {gave_up}")
        return {
            "seed": self._options.seed,
            "messages": self._options.messages,
            "faults": dict(sorted(faults.happened.items())),
            **{name: len(found) for name, found in vars(figures).items()},
            "seconds": round(time.monotonic() - self._began, 1),
        }

    # ---- small things ----

    def _hook(self, channel: str) -> str:
        """Where the channel's messenger pushes to, if it does: the same door that everybody comes by."""
        return f"http://127.0.0.1:{self._ports['door']}/hooks/{channel}" if self._options.push else ""

    def _webs(self) -> Sequence[Address]:
        """The web processes, another one first each time, as a balancer would."""
        self._turn += 1
        first = self._turn % len(self._web_ports)
        return [("127.0.0.1", port) for port in self._web_ports[first:] + self._web_ports[:first]]

    def _environ(self) -> dict[str, str]:
        if self._postgres:
            url = self._postgres.url(self._ports["postgresql"])
        else:
            url = f"sqlite:///{self._folder / 'okno.db'}"
        site = f"OKNO_CHANNELS__{_CHANNEL.upper()}__"
        return {
            **_outer(),
            "OKNO_DATABASE__URL": url,
            "OKNO_BROKER__URL": f"redis://127.0.0.1:{self._ports['redis']}/0",
            "OKNO_STATE_DIR": str(self._folder / "var"),
            "OKNO_WORK__LEASE": str(LEASE),
            "OKNO_LOG__FORMAT": "json",
            f"{site}SECRET": _SECRET,
            f"{site}REPLY_URL": f"http://127.0.0.1:{self._ports['replies']}/replies",
            f"{site}ALLOW_PRIVATE": '["127.0.0.1"]',
            f"{site}RETRY": "[0.5, 1, 2]",
            f"{site}SESSIONS_PER_MINUTE": "0",
            f"{site}MESSAGES_PER_MINUTE": "0",
            f"{site}FILES_PER_MINUTE": "0",
            **{key: value for one in self._vendors for key, value in one.environ(self._ports[one.name]).items()},
            **(self._mail.environ(self._ports) if self._mail else {}),
        }

    def _say(self, what: str) -> None:
        print(f"[{time.monotonic() - self._began:6.1f} s] {what}", flush=True)


def _in_flight(db: Database) -> tuple[int, int, int]:
    """Raws and letters under way, the newest line of the journal, and how many messages are stored."""
    with db.read() as tx:
        raws = tx.execute(text("SELECT count(*) FROM inbox_queue")).scalar_one()
        letters = tx.execute(text("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")).scalar_one()
        newest = tx.execute(text("SELECT coalesce(max(id), 0) FROM journal")).scalar_one()
        stored = tx.execute(text("SELECT count(*) FROM messages WHERE direction = 'in'")).scalar_one()
    return raws + letters, newest, stored


def _at(port: int) -> Sequence[Address]:
    return [("127.0.0.1", port)]


def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()


def _outer() -> dict[str, str]:
    """Our environment without a word to Okno."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OKNO_")}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
