"""A running Okno and a headless Chromium for the tests of the pages.

One server serves all tests of this folder; each test brings a browser profile of its own, and so visitors of its own.
Where no Chromium is installed the tests are skipped at home and fail where CI is set.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.browser.pages import Desk, MakeProfile, Visitor
from tests.browser.server import Okno

FOLDER = Path(__file__).parent
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
# How long to wait for what has to come; nothing here measures time.
PATIENCE_MS = 20_000
# Nothing here may talk to the outside world.
QUIET = [
    "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one test process where several run: each would start a server and a browser."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI has to run every test")
    pytest.skip(reason)


@pytest.fixture(scope="package")
def okno(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Okno]:
    """The whole of Okno on a port of its own."""
    server = Okno(tmp_path_factory.mktemp("okno"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser. It is closed with the last test of this folder: its event loop would disturb other tests."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    # Chromium's sandbox refuses to run as root.
    args = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=args)
        except Error as error:
            _absent(f"Chromium does not start: {error}")
        yield browser
        browser.close()


@pytest.fixture
def profile(chromium: Browser, okno: Okno) -> Iterator[MakeProfile]:
    """Makes browser profiles; fails the test when a page of theirs raised an error or broke its own security policy."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{"base_url": okno.url, "locale": "en-GB", **options})
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        context.on("console", lambda message: _note(message, troubles))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not troubles


def _note(message: ConsoleMessage, troubles: list[str]) -> None:
    if message.type == "error" and "Content Security Policy" in message.text:
        troubles.append(message.text)


@pytest.fixture
def visitor(profile: MakeProfile) -> Visitor:
    """A new visitor of the demo page with the chat open."""
    return Visitor.enter(profile().new_page())


@pytest.fixture
def desk(profile: MakeProfile) -> Desk:
    """The console, signed in as the first administrator."""
    return Desk.enter(profile(viewport={"width": 1360, "height": 860}).new_page())


@pytest.fixture
def blank(profile: MakeProfile) -> Page:
    """A page of a fresh profile, nothing loaded yet."""
    return profile().new_page()
