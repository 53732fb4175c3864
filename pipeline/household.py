"""The household: everything Okno runs on one machine, as children of one supervisor."""

import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from sqlalchemy import make_url

import log
from connectors.registry import Channels
from pipeline import embedded, queues
from pipeline.daemons import open_database
from pipeline.receive import readable
from pipeline.stopping import Stop
from pipeline.supervise import Start, Supervisor, command
from settings import Settings, SettingsError, secret
from storage import operators, schema
from storage.db import Database

_log = log.get(__name__)
# Seconds between looks at the children, and to wait for a port that is just being given up.
_LOOK, _PORT_PATIENCE = 0.1, 5.0


def run(settings: Settings, stop: Stop) -> None:
    """Prepare the database, then run all processes until told to stop."""
    channels = Channels(settings.channels)
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    alone = _alone(settings)
    _await_port(settings)
    token = _prepare(settings)
    servers = _broker(settings)
    # Whoever looks for the broker at his start may be quicker than it is, and would then never listen to it.
    told = {"OKNO_BROKER__URL": queues.embedded_url(settings.socket)} if servers else {}
    supervisor = Supervisor(_daemons(settings, channels, told), servers)
    welcome: str | None = _welcome(settings, token)
    try:
        while not stop.is_set():
            supervisor.tick()
            if welcome and _ready(settings):
                sys.stdout.write(welcome)
                sys.stdout.flush()
                welcome = None
            stop.wait(_LOOK)
    finally:
        supervisor.stop()
        alone.close()


def _alone(settings: Settings) -> IO[str]:
    """A lock that lasts as long as this process: two of us would take each other's broker away."""
    path = settings.state_dir / "all.lock"
    held = path.open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsError(
            f"{path}: another `all` runs on this state directory; stop it, or give this one its own OKNO_STATE_DIR "
            "and OKNO_DATABASE__URL"
        ) from None
    return held


def _prepare(settings: Settings) -> str | None:
    """Migrate, and make sure that somebody can get in; the token to show, if it is known."""
    db = open_database(settings)
    try:
        schema.migrate(db)
        return _admin_token(settings, db)
    except schema.SchemaError as error:
        raise SettingsError(f"database.url: {error}") from None
    finally:
        db.close()


def _admin_token(settings: Settings, db: Database) -> str | None:
    given = secret("OKNO_ADMIN_TOKEN")
    kept = settings.state_dir / "admin-token"
    token = db.write(lambda tx: operators.first_admin(tx, given))
    if token and not given:
        # The file is for whoever may read the database anyway: this user.
        kept.touch(mode=0o600)
        kept.write_text(token)
    return token or _read(kept)


def _read(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None


def _broker(settings: Settings) -> list[tuple[str, Start]]:
    if settings.broker.url:
        return []
    server = embedded.binary()
    if server is None:
        _log.warning("broker.none", why="no embedded server for this platform; work is found by sweeping")
        # A socket left by another start would be taken for a broker.
        settings.socket.unlink(missing_ok=True)
        return []
    found = server

    def start() -> "subprocess.Popen[bytes]":
        return embedded.start(found, settings.socket)

    return [("broker", start)]


def _daemons(settings: Settings, channels: Channels, told: Mapping[str, str]) -> list[tuple[str, Start]]:
    daemons = {"web": ["web"]}
    daemons |= {f"pipeline-{n}": ["work", "pipeline"] for n in range(1, settings.work.pipeline + 1)}
    daemons |= {f"deliver-{n}": ["work", "deliver"] for n in range(1, settings.work.deliver + 1)}
    if readable(channels):
        daemons["receive"] = ["receive"]
    daemons["clock"] = ["clock"]
    return [(name, command(*words, **told)) for name, words in daemons.items()]


def _await_port(settings: Settings) -> None:
    """Give a predecessor that is just ending its time; then say that the port is taken, once and clearly."""
    address = f"{settings.web.host}:{settings.web.port}"
    deadline = time.monotonic() + _PORT_PATIENCE
    while (trouble := _bind(settings)) is not None:
        if time.monotonic() > deadline:
            raise SettingsError(f"web.port: {address}: {trouble}; choose another by OKNO_WEB__PORT")
        time.sleep(_LOOK)


def _bind(settings: Settings) -> str | None:
    with socket.socket(socket.AF_INET6 if ":" in settings.web.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web.host, settings.web.port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _ready(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{_address(settings)}/readyz", timeout=1):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


def _address(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.web.host, settings.web.host)  # noqa: S104
    return f"http://{host}:{settings.web.port}"


def _welcome(settings: Settings, token: str | None) -> str:
    address = settings.web.public_url or _address(settings)
    shown = token or "the one you were given (python workers.py operator add NAME makes another)"
    return (
        f"\n  Okno is open.\n\n"
        f"  Chat page       {address}/\n"
        f"  Console         {address}/console\n"
        f"  Operator token  {shown}\n"
        f"  Database        {make_url(settings.database.url).render_as_string()}\n"
        f"  Files           {os.path.relpath(settings.files_dir)}/\n\n"
        f"  Ctrl-C stops everything; what was written stays there.\n\n"
    )
