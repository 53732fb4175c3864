"""The nginx example: a real nginx with it before a real web process."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deploy.installation import Installation, free_port, wait_for
from tests.deploy.tools import needed, run

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NAME = "help.example.org"
_AROUND = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/okno.conf;
}}
"""


class Proxy:
    """nginx with the example before `upstream`, at `port`; who is slow is cut after a second."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self._folder, self.port, self._plain = folder, free_port(), free_port()
        own = {
            "server 127.0.0.1:8000;": f"server {upstream};",
            "listen 80;": f"listen 127.0.0.1:{self._plain};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "listen [::]:80;": "",
            "listen [::]:443 ssl http2;": "",
            f"/etc/ssl/certs/{NAME}.pem": f"{folder}/cert.pem",
            f"/etc/ssl/private/{NAME}.key": f"{folder}/key.pem",
            "client_header_timeout 10s;": "client_header_timeout 1s;",
            "client_body_timeout 10s;": "client_body_timeout 1s;",
        }
        text = EXAMPLE.read_text()
        for there, here in own.items():
            assert there in text, there
            text = text.replace(there, here)
        (folder / "okno.conf").write_text(text)
        # Its workers have to write in the test's folder.
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, user=user))
        certify(folder)
        self.command = [needed("nginx"), "-p", str(folder), "-e", str(folder / "error.log"), "-c", "nginx.conf"]

    def connect(self) -> http.client.HTTPSConnection:
        """A connection of a visitor."""
        trust = ssl.create_default_context(cafile=str(self._folder / "cert.pem"))
        trust.check_hostname = False
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=trust, timeout=10)

    def listens(self) -> bool:
        """Whether nginx is there."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def certify(folder: Path) -> None:
    """A certificate for NAME, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    at = datetime.now(UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), at, at + timedelta(days=1)
    )
    certificate = made.sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    kept = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *kept))


@pytest.fixture
def visitor(proxy: "Proxy") -> Iterator[http.client.HTTPSConnection]:
    """A visitor's connection; an answer that was not read to its end is closed with it."""
    with closing(proxy.connect()) as connection:
        yield connection
        if connection.sock is not None:
            connection.sock.close()


@pytest.fixture(scope="module")
def okno(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A web process on SQLite."""
    folder = tmp_path_factory.mktemp("okno")
    installation = Installation(folder, f"sqlite:///{folder / 'okno.db'}")
    installation.environment["OKNO_WEB__PUBLIC_URL"] = f"https://{NAME}"
    installation.run("migrate")
    installation.token = installation.run("operator", "add", "Anna", "--role", "admin").strip()
    with installation.running("web"):
        yield installation


@pytest.fixture(scope="module")
def proxy(okno: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx before it."""
    made = Proxy(tmp_path_factory.mktemp("nginx"), okno.url.removeprefix("http://"))
    run(*made.command, "-t")
    with subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *made.command]) as nginx:
        wait_for(made.listens)
        yield made
        nginx.send_signal(signal.SIGTERM)


def test_pages_pass_and_what_is_for_machines_does_not(visitor: http.client.HTTPSConnection) -> None:
    told = {}
    for path in ("/", "/console", "/chat/site/widget.js", "/metrics", "/readyz", "/healthz"):
        visitor.request("GET", path, headers={"host": NAME})
        answer = visitor.getresponse()
        answer.read()
        told[path] = answer.status
    assert list(told.values()) == [200, 200, 200, 404, 404, 404]


def test_nobody_names_his_own_address(visitor: http.client.HTTPSConnection) -> None:
    # The docs are open for callers on this machine. If the visitor's word were handed on, he would be elsewhere now.
    visitor.request("GET", "/docs", headers={"host": NAME, "x-forwarded-for": "203.0.113.9"})
    with visitor.getresponse() as answer:
        assert answer.status == 200


def test_events_come_through_at_once(visitor: http.client.HTTPSConnection, okno: Installation) -> None:
    headers = {"host": NAME, "authorization": f"Bearer {okno.token}", "accept": "text/event-stream"}
    visitor.request("GET", "/v1/events?after=0", headers=headers)
    with visitor.getresponse() as answer:
        assert answer.status == 200
        # The stream does not end; a proxy that buffers would keep even its beginning.
        lines = [answer.readline() for _ in range(6)]
    assert b"event: operator.created\n" in lines


@pytest.mark.parametrize(("path", "size", "status"), [("/hooks/site", 1 << 20, 401), ("/hooks/site", 2 << 20, 413)])
def test_a_body_that_is_too_large_is_refused_in_words_a_page_may_read(
    visitor: http.client.HTTPSConnection, path: str, size: int, status: int
) -> None:
    visitor.request("POST", path, b"x" * size, {"host": NAME, "origin": "https://shop.example.org"})
    answer = visitor.getresponse()
    assert answer.status == status
    assert json.load(answer)["status"] == status
    assert answer.headers["access-control-allow-origin"] == "https://shop.example.org"


def test_a_file_of_the_largest_size_passes(visitor: http.client.HTTPSConnection, okno: Installation) -> None:
    edge = b"--edge\r\n", b"\r\n--edge--\r\n"
    form = edge[0] + b'content-disposition: form-data; name="file"; filename="f"\r\n\r\n' + bytes(26214400) + edge[1]
    headers = {"host": NAME, "authorization": f"Bearer {okno.token}"}
    visitor.request("POST", "/v1/files", form, {**headers, "content-type": "multipart/form-data; boundary=edge"})
    answer = visitor.getresponse()
    assert (answer.status, json.load(answer).get("size")) == (201, 26214400)


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\nhost:", b"POST /hooks/site HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx"]
)
def test_who_dawdles_is_cut(visitor: http.client.HTTPSConnection, said: bytes) -> None:
    visitor.connect()
    began = time.monotonic()
    visitor.sock.sendall(said)
    while visitor.sock.recv(4096):
        pass
    assert time.monotonic() - began < 5
