"""What README and docs say is true, as far as a machine can tell: links, commands, and the examples for a site."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import workers
from tests.deploy.installation import ROOT, SECRET, Installation, wait_for
from tests.deploy.tools import run, wanted

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(language: str, mark: str) -> list[str]:
    """The README's blocks in a language that contain `mark`."""
    blocks = _BLOCK.findall(PAGES[0].read_text())
    return [text for name, text in blocks if name == language and mark in text]


def anchors(page: Path) -> set[str]:
    """What a link may point to inside a page, the way code hosts make it from the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _BLOCK.sub("", page.read_text())):
        name, _, anchor = target.partition("#")
        if "://" in name:
            continue
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            dead.append(target)
    assert not dead


@pytest.mark.parametrize("page", [ROOT / "docs" / name for name in ("architecture.md", "glossary.md")])
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`([\w.]+(?:/[\w.]+)*(?:\.py|\.md|\.toml))`", page.read_text())
    folders = [page.parent, ROOT, *(ROOT / name for name in ("pipeline", "storage"))]
    assert named
    assert not [name for name in named if not any((folder / name).exists() for folder in folders)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    known = set(typer.main.get_command(workers.app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:python workers\.py|(?:sudo |web |/bin/)okno) ([a-z]+)\b", page.read_text()))
    assert named <= known


def test_every_command_that_exists_is_named() -> None:
    known = set(typer.main.get_command(workers.app).commands)  # type: ignore[attr-defined]
    table = PAGES[0].read_text()
    assert not [name for name in known - {"all"} if f"`python workers.py {name}" not in table]


@pytest.fixture(scope="module")
def okno(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A web process that takes signed webhooks, and a worker."""
    folder = tmp_path_factory.mktemp("okno")
    installation = Installation(folder, f"sqlite:///{folder / 'okno.db'}")
    installation.run("migrate")
    installation.token = installation.run("operator", "add", "Anna", "--role", "admin").strip()
    with installation.running("web", "work pipeline"):
        yield installation


def test_the_examples_for_a_site_s_server_work(okno: Installation) -> None:
    (program,), (script,) = examples("python", "webhook-signature"), examples("sh", "webhook-signature")
    environment = {**os.environ, "SECRET": SECRET}
    for program_used in ("curl", "openssl"):
        wanted(program_used)
    assert "4471-1" in run(sys.executable, "-c", program.replace("http://127.0.0.1:8000", okno.url), env=environment)
    assert "4471-2" in run("sh", "-ec", script.replace("http://127.0.0.1:8000", okno.url), env=environment)
    (dialog,) = wait_for(lambda: okno.ask("GET", "/v1/dialogs")["items"])
    wait_for(lambda: okno.ask("GET", f"/v1/dialogs/{dialog['id']}")["unread"] == 2)


def test_the_example_of_an_answer_works(okno: Installation) -> None:
    wanted("curl")
    (script,) = examples("sh", "Idempotency-Key")
    okno.post_signed({"id": "another", "visitor": "anna", "text": "Где мой заказ?"})
    wait_for(lambda: okno.ask("GET", "/v1/dialogs")["items"])
    environment = {**os.environ, "TOKEN": okno.token}
    assert "Уже едет." in run("sh", "-ec", script.replace("http://127.0.0.1:8000", okno.url), env=environment)
