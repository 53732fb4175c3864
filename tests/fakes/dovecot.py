"""A real Dovecot on a free port of 127.0.0.1, unprivileged, with one user and any number of folders."""

import base64
import hmac
import imaplib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

# Everybody's; each user has a mailbox of his own.
PASSWORD = 'pass "word" with \\ and ключ'
_PATIENCE = 20.0
_drops = itertools.count(1)
_CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
auth_mechanisms = plain login xoauth2
maildir_stat_dirs = no
verbose_proctitle = yes
mail_fsync = never
imap_idle_notify_interval = 2 mins
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=everybody {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap {{
  process_limit = 50
}}
"""

_OAUTH = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""
_SECRET = b"what tokens are signed with"


def program() -> str | None:
    """Where Dovecot is, if it is installed."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Dovecot:
    """The server; `port` is in the clear or for STARTTLS, `tls_port` for TLS with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.tls_port = folder, free_port(), free_port()
        found = program()
        assert found, "dovecot is not installed"
        # It ends when whoever started it does, however that ends.
        self._program, self._prefix = found, ["setpriv", "--pdeathsig", "KILL"]
        name = "nobody" if os.getuid() == 0 else str(os.getuid())
        group = "nogroup" if os.getuid() == 0 else str(os.getgid())
        if os.getuid() == 0:
            self._prefix += ["--reuid", name, "--regid", group, "--clear-groups"]
        self._write(name, group)
        self._process: subprocess.Popen[bytes] | None = None

    def _write(self, user: str, group: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.folder / "key.pem",
             "-out", self.folder / "cert.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
        keys = self.folder / "keys" / "default" / "HS256"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "default").write_text(base64.b64encode(_SECRET).decode())
        (self.folder / "oauth2.conf").write_text(_OAUTH.format(folder=self.folder))
        (self.folder / "users").write_text(f"everybody:{{PLAIN}}{PASSWORD}\n")
        values = {"folder": self.folder, "user": user, "group": group, "port": self.port, "tls_port": self.tls_port}
        (self.folder / "dovecot.conf").write_text(_CONF.format(**values))
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", f"{user}:{group}", self.folder], check=True)
            # Whoever it runs as has to come here.
            for parent in self.folder.parents:
                if parent.stat().st_uid == 0 and len(parent.parts) > 2:
                    parent.chmod(parent.stat().st_mode | 0o111)

    @property
    def certificate(self) -> Path:
        """What it shows, and who trusts it trusts itself."""
        return self.folder / "cert.pem"

    def start(self) -> Self:
        """Start, and wait until it answers."""
        command = [*self._prefix, self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """End it, and whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(_PATIENCE)
            self._process = None

    def token(self, user: str, seconds: float = 3600) -> str:
        """An access token (XOAUTH2) of the user's, good for so long."""
        now = int(time.time())
        told = {"alg": "HS256", "typ": "JWT"}, {"sub": user, "iat": now - 10, "exp": now + int(seconds)}
        signed = b".".join(_packed(json.dumps(each).encode()) for each in told)
        return (signed + b"." + _packed(hmac.digest(_SECRET, signed, "sha256"))).decode()

    @contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Another client of the user's mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        try:
            with client:
                client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
                yield client
        finally:
            # Of a server that went away in the middle it keeps the socket.
            with suppress(OSError):
                client.shutdown()

    def put(self, user: str, *mails: bytes, folder: str = "INBOX", at: float = 0.0) -> None:
        """Let mails arrive, at a unix time if one is given."""
        date = imaplib.Time2Internaldate(at) if at else ""
        with self.client(user) as client:
            for mail in mails:
                whole = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                kind, told = client.append(folder, "", date, whole)
                assert kind == "OK", told

    def serving(self, user: str) -> list[int]:
        """The processes that serve the user; they may go on for a moment after the server's end."""
        return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and user in _title(one)]

    def drop(self, user: str, mails: Iterable[tuple[bytes, float]]) -> None:
        """Let thousands of mails arrive, each at its unix time, by a delivery into files; he must have come once."""
        folder = self.folder / "mail" / user
        owner = folder.stat()
        for mail, at in mails:
            whole = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            path = folder / "tmp" / f"{int(at)}.M{next(_drops)}.here,S={len(whole)},W={len(whole)}"
            path.write_bytes(whole)
            os.chown(path, owner.st_uid, owner.st_gid)
            os.utime(path, (at, at))
            path.rename(folder / "new" / path.name)

    def freeze(self, user: str) -> Callable[[], None]:
        """Stop in their tracks those who serve the user; call what comes back to let them go on."""
        pids = self.serving(user)
        assert pids, "nobody serves him"
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

        def go_on() -> None:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

        return go_on


def _packed(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _title(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
