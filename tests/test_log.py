"""Logs: readable for machines and people, and never a secret, wherever it hides."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import log

ROOT = Path(log.__file__).parent
TOKEN = "okno_" + "aB3-" * 10
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl-_"
WEBHOOK = "whsec_" + "Zm9vYmFyYmF6/+=="
PASSWORD = "p4ss-w0rd!"
URLS = [f"postgresql+psycopg://okno:{PASSWORD}@db.example.org/okno", f"redis://:{PASSWORD}@broker:6379/0"]
CANARIES = [TOKEN, JWT, WEBHOOK, *URLS]
SECRETS = [TOKEN, JWT, WEBHOOK, PASSWORD]
PLACES = {
    "the event": "logger.info(canary)",
    "a value": "logger.info('e', said=canary)",
    "a value under a telling name": "logger.info('e', api_key='k-' + canary[:3], password='hunter2')",
    "a nested value": "logger.info('e', deep={'list': [{'said': canary}], 'token': 'hunter2'})",
    "an object": "logger.info('e', thing=Thing(canary))",
    "an error's words": "logger.error('e', error=ValueError(canary))",
    "a traceback": "fail(canary)",
    "a bound value": "logger.bind(said=canary).warning('e')",
    "the context": "structlog.contextvars.bind_contextvars(said=canary); logger.info('e')",
    "another library's words": "logging.getLogger('lib').warning('connecting to %s', canary)",
    "another library's traceback": "foreign(canary)",
}
PRELUDE = """
import datetime, json, logging, sys
import structlog
import log

class Thing:
    def __init__(self, said): self.said = said
    def __repr__(self): return f"Thing({self.said})"
    __str__ = __repr__

def fail(canary):
    try:
        raise ConnectionError(f"cannot reach {canary}")
    except ConnectionError:
        logger.exception("e")

def foreign(canary):
    try:
        raise ConnectionError(f"cannot reach {canary}")
    except ConnectionError:
        logging.getLogger("lib").exception("it failed")

style, level, codes, canaries = json.loads(sys.argv[1])
log.configure(level, style)
logger = log.get("test")
for code in codes:
    logger.critical("here")
    for canary in canaries:
        exec(code)
"""


def logged(style: str, *codes: str, canaries: Sequence[str] = ("x",), level: str = "debug") -> str:
    """What a program that runs each code for each canary logs."""
    told = json.dumps([style, level, codes, canaries])
    command = [sys.executable, "-c", PRELUDE, told]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_secret_is_logged_wherever_it_hides(style: str) -> None:
    said = logged(style, *PLACES.values(), canaries=CANARIES)
    _, *parts = re.split(r".*\bhere\b.*\n", said)
    assert len(parts) == len(PLACES)
    for place, part in zip(PLACES, parts, strict=True):
        assert len(part.splitlines()) >= len(CANARIES), place
        for secret in [*SECRETS, "hunter2"]:
            assert secret not in part, place


def test_what_is_no_secret_stays_readable() -> None:
    said = logged("json", "logger.info('letter.sent', letter=7, url='https://example.org/a:b@c', note='okno is open')")
    line = json.loads(said.splitlines()[-1])
    assert (line["letter"], line["note"]) == (7, "okno is open")
    assert line["url"].startswith("https://example.org/")


def test_of_an_address_only_the_password_is_hidden() -> None:
    for url in URLS:
        line = json.loads(logged("json", "logger.info('e', url=canary)", canaries=[url]).splitlines()[-1])
        assert line["url"].endswith(url.partition("@")[2])


def test_every_line_for_machines_is_one_object_with_who_when_and_how_bad() -> None:
    code = "logger.warning('two\\nlines', at=datetime.datetime(2026, 1, 1)); fail('x'); foreign('y')"
    lines = [json.loads(line) for line in logged("json", code).splitlines()]
    assert [line["level"] for line in lines] == ["critical", "warning", "error", "error"]
    assert [line["logger"] for line in lines] == ["test", "test", "test", "lib"]
    assert lines[1]["event"] == "two\nlines"
    assert "ConnectionError: cannot reach x" in lines[2]["exception"]
    for line in lines:
        assert line["timestamp"].endswith("Z")


def test_auto_is_for_machines_where_nobody_looks() -> None:
    assert json.loads(logged("auto", "pass").splitlines()[0])["event"] == "here"


def test_what_is_below_the_level_is_not_said() -> None:
    code = "logger.info('quiet'); logging.getLogger('lib').info('quiet'); logger.warning('loud')"
    said = logged("json", code, level="warning")
    assert "quiet" not in said
    assert "loud" in said


def test_the_chatter_of_libraries_is_left_out() -> None:
    code = "[logging.getLogger(n).info('chatter') for n in ('uvicorn.access', 'dramatiq', 'alembic', 'aiohttp.access')]"
    assert "chatter" not in logged("json", code)


def test_ids_bound_for_a_task_stand_in_each_of_its_lines() -> None:
    code = "structlog.contextvars.bind_contextvars(request='r1'); logger.info('a'); logging.getLogger('lib').info('b')"
    lines = [json.loads(line) for line in logged("json", code).splitlines()]
    assert [line.get("request") for line in lines] == [None, "r1", "r1"]


@pytest.mark.parametrize("value", ["", None, 0])
def test_nothing_under_a_telling_name_is_not_called_a_secret(value: Any) -> None:
    assert log.redact(None, "", {"event": "e", "token": value})["token"] == value
