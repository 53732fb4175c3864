"""The command line: what each command says and how it ends, and daemons that stop whatever stands still around them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from connectors import registry
from connectors.webchat import wire
from pipeline import embedded, queues
from storage import inbox, operators, schema
from storage.db import Database, now
from storage.inbox import INBOX, PARKED, Arrival
from storage.leases import LEASES
from storage.talk import MESSAGES
from tests.fakes.channel import Fake, raw
from tests.frozen import children, frozen, postgres
from tests.pipeline.children import Child
from tests.pipeline.rig import Rig
from tests.running import PATIENCE, ROOT, Daemon, House, eventually
from tests.tasks.desk import Desk


@pytest.fixture(autouse=True)
def fake_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._KINDS, "fake", "tests.fakes.channel:Fake")
    monkeypatch.setattr(Fake, "reading", None)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path, database_url)
    yield found
    found.close()


@pytest.fixture
def blank(blank_url: str, tmp_path: Path) -> Iterator[House]:
    """Before its first migration."""
    found = House(tmp_path, blank_url)
    yield found
    found.close()


@pytest.fixture
def db(house: House) -> Iterator[Database]:
    found = Database(house.url)
    yield found
    found.close()


@pytest.fixture
def rig(db: Database, house: House) -> Rig:
    return Rig(db, house.folder)


# ---- commands ----


def test_migrate_says_from_where_to_where(blank: House) -> None:
    first, again = blank.run("migrate"), blank.run("migrate")
    assert first.status == again.status == 0
    assert first.out.strip().endswith(f"schema none → {schema.head()}")
    assert again.out.strip().endswith(f"schema {schema.head()} → {schema.head()}")


def test_a_newer_schema_is_refused_by_migrate_and_all(house: House, db: Database) -> None:
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for command in ("migrate", "all"):
        said = house.run(command)
        assert said.status == 1
        assert "upgraded by a newer one" in said.err


def test_status_and_verify_tell_people_and_programs(house: House, rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", poison="raise"))
    for command in ("status", "verify"):
        for_people, for_programs = house.run(command), house.run(command, "--json")
        assert (for_people.status, for_programs.status) == (0, 0)
        assert for_people.out
        assert json.loads(for_programs.out)
    assert json.loads(house.run("status", "--json").out)["channels"]["shop"]["parked"] == 1
    with rig.db.begin() as tx:
        tx.exec_driver_sql("DELETE FROM messages")
    broken = house.run("verify")
    assert broken.status == 1
    assert "BROKEN" in broken.out


def test_check_names_what_is_wrong_and_its_status_says_so(house: House) -> None:
    well = house.run("check")
    assert well.status == 0
    assert all(line.startswith("ok  ") for line in well.out.splitlines())
    house.world.deny()
    ill = house.run("check")
    assert ill.status == 1
    assert "FAIL  channel shop: wrong token; get another one" in ill.out.splitlines()


def test_replay_takes_up_what_it_is_told_to(house: House, rig: Rig) -> None:
    rig.take(raw("anna", "1", poison="raise"), raw("bert", "1"))
    letter = rig.letter("ok", "bert", action="send")
    with rig.db.begin() as tx:
        tx.exec_driver_sql("UPDATE outbox SET state = 'held'")
        (parked,) = tx.execute(select(PARKED.c.inbox_id)).scalars()
    unsaid = house.run("replay", "inbox")
    assert unsaid.status == 2
    assert "--all" in unsaid.err
    assert house.run("replay", "everything", "--all").status == 2
    assert house.run("replay", "inbox", "--since", "yesterday").status == 1
    assert house.run("replay", "inbox", "--id", str(parked)).out == "1 messages taken up again\n"
    assert house.run("replay", "inbox", "--all").out == "0 messages taken up again\n"
    assert house.run("replay", "outbox", "--channel", "shop").out == "1 letters taken up again\n"
    assert rig.letter_row(letter).state == "queued"


def test_import_counts_and_its_status_says_whether_all_was_taken(house: House, rig: Rig) -> None:
    found = raw("anna", "1", history=True)
    line = json.dumps({"id": found.external_id, "hint": found.address_hint, "data": found.data.decode()})
    path = house.folder / "history.jsonl"
    path.write_text(f"{line}\n")
    first = house.run("import", str(path), "--channel", "shop")
    assert first.status == 0
    assert first.out.splitlines()[-1] == "1 new, 0 there already, 0 left out"
    path.write_text(f"{line}\nnonsense\n")
    second = house.run("import", str(path), "no such file", "--channel", "shop")
    assert second.status == 1
    assert second.out.splitlines()[-1] == "0 new, 1 there already, 2 left out"
    assert "Traceback" not in second.err
    assert house.run("import", str(path), "--channel", "nowhere").status == 1


def test_operator_add_prints_a_token_that_works_once(house: House, db: Database) -> None:
    said = house.run("operator", "add", "Olga", "--role", "admin")
    assert said.status == 0
    with db.read() as tx:
        holder = operators.by_token(tx, said.out.strip())
    assert holder is not None
    assert (holder.name, holder.role) == ("Olga", "admin")
    again = house.run("operator", "add", "Olga")
    assert again.status == 1
    assert "There is an operator named Olga already." in again.err
    assert house.run("operator", "add", "Oleg", "--role", "king").status == 2


def test_corrections_are_counted_printed_or_put_into_a_file(house: House, db: Database) -> None:
    desk = Desk(db)
    anna, dialog = desk.operator(), desk.says("v1", "Пришлите акт")
    (message,) = desk.messages(anna, dialog)
    desk.sets(anna, desk.finds(dialog, source_message_id=message["id"]), status="rejected")
    assert house.run("tasks", "corrections").out == "0 accepted, 0 edited, 1 rejected\n"
    printed, path = house.run("tasks", "corrections", "--export"), house.folder / "corrections.jsonl"
    assert house.run("tasks", "corrections", "--export", str(path)).out == ""
    (line,) = printed.out.splitlines()
    assert path.read_text() == f"{line}\n"
    told = json.loads(line)
    assert (told["text"], told["verdict"]) == ("Пришлите акт", "rejected")
    assert house.run("tasks", "corrections", str(path)).status == 2
    assert path.read_text() == f"{line}\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "environ", "status", "says"),
    [
        (["work", "pipline"], {}, 2, "there are pipeline and deliver"),
        (["receive", "site"], {}, 1, "'site' is no channel that is read; those are: shop"),
        (["status"], {"OKNO_WEB__PROT": "1"}, 1, "did you mean 'port'?"),
        (["web"], {"OKNO_CHANNELS__SITE__SECRTE": "1"}, 1, "did you mean 'secret'?"),
        (["status"], {"OKNO_SETTINGS": "/no/such.toml"}, 1, "there is no such settings file"),
        (["status"], {"OKNO_DATABASE__URL": "postgresql+psycopg://127.0.0.1:9/x"}, 1, "`python workers.py check`"),
        (["status"], {"OKNO_DATABASE__URL": "sqlite:///{folder}/empty.db"}, 1, "`python workers.py check`"),
        (["dance"], {}, 2, "No such command 'dance'"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(
    house: House, arguments: list[str], environ: dict[str, str], status: int, says: str
) -> None:
    told = {name: value.format(folder=house.folder) for name, value in environ.items()}
    said = house.run(*arguments, **told)
    assert said.status == status
    assert says in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_taken_port_is_told_with_the_way_out(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = house.run("all", OKNO_WEB__PORT=str(taken.getsockname()[1]))
    assert said.status == 1
    assert "Address already in use; choose another by OKNO_WEB__PORT" in said.err


# ---- daemons ----


def _works(house: House, db: Database) -> None:
    """Everything a message needs is at work: it comes in by the reader, and a letter goes out."""
    before = len(_rows(db, INBOX))
    house.world.offer(raw("anna", str(time.monotonic_ns())))
    eventually(lambda: len(_rows(db, INBOX)) > before)
    eventually(lambda: not _rows(db, inbox.QUEUE))


def _rows(db: Database, table: Any) -> list[Any]:
    with db.read() as tx:
        return list(tx.execute(select(table)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_daemon_stops_cleanly_and_gives_back_what_it_held(
    house: House, db: Database, number: signal.Signals
) -> None:
    daemons = [house.start(name) for name in ("work", "receive", "clock", "web")]
    _works(house, db)
    daemons[3].says("Uvicorn running")
    eventually(lambda: any(row.name == "clock" for row in _rows(db, LEASES)))
    started = time.monotonic()
    assert [daemon.stop(number) for daemon in daemons] == [0] * 4
    assert time.monotonic() - started < 20
    assert {row.holder for row in _rows(db, LEASES)} == {""}
    for daemon in daemons:
        assert "Traceback" not in daemon.err.read_text()


@pytest.mark.parametrize("commands", [("work", "receive", "clock", "web"), ("all",)])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_every_daemon_ends_within_30_seconds_with_database_and_broker_standing_still(
    house: House, db: Database, commands: tuple[str, ...]
) -> None:
    server = embedded.binary()
    if server is None:
        pytest.skip("the embedded server has no build for this platform")
    sock = Path(f"/tmp/okno-w{os.getpid()}") / "v.sock"
    broker = embedded.start(server, sock)
    eventually(sock.exists)
    environ = {"OKNO_BROKER__URL": queues.embedded_url(sock)}
    daemons = [house.start(name, **environ) for name in commands]
    _works(house, db)
    eventually(lambda: house.ready().get("broker") == "up")
    db.close()
    try:
        _stop_all_frozen(house, daemons, broker.pid)
    finally:
        broker.kill()
        broker.wait()
        sock.unlink(missing_ok=True)
        sock.parent.rmdir()
    # What was under way is found by whoever comes next.
    assert Child(lambda: Rig(Database(house.url), house.folder).settle()).wait() == 0


def _stop_all_frozen(house: House, daemons: list[Daemon], broker: int) -> None:
    below = [pid for daemon in daemons for pid in children(daemon.child.pid)]
    with frozen(broker, *postgres(house.url)):
        house.world.offer(raw("anna", "one more"))
        for daemon in daemons:
            daemon.child.signal(signal.SIGTERM)
        started = time.monotonic()
        for daemon in daemons:
            daemon.child.wait(32)
        assert time.monotonic() - started < 31
        assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_web_process_that_is_stopped_commits_what_waits_and_says_so(house: House, db: Database) -> None:
    daemon = house.start("web", OKNO_WEB__PATIENCE=str(PATIENCE))
    eventually(house.ready)
    token = house.post("/chat/site/sessions", {})[1]["token"]
    with ThreadPoolExecutor(1) as pool:
        with db.begin() as tx:
            tx.exec_driver_sql("LOCK TABLE inbox IN EXCLUSIVE MODE")
            answer = pool.submit(house.post, "/chat/site/messages", {"id": "1", "text": "hello"}, token)
            eventually(lambda: _somebody_waits(db))
            daemon.child.signal(signal.SIGTERM)
            daemon.says("Shutting down")
        assert answer.result(PATIENCE)[0] == 202
    assert daemon.child.wait() == 0
    assert len(_rows(db, INBOX)) == 1


def _somebody_waits(db: Database) -> bool:
    # What PostgreSQL tells of its sessions stands still within a transaction.
    with db.read() as tx:
        return bool(tx.execute(text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).first())


def test_daemons_wait_for_a_database_that_is_not_there_yet(blank: House) -> None:
    daemons = [blank.start(name) for name in ("work", "receive", "clock")]
    for daemon in daemons:
        daemon.says("start.waiting")
    assert blank.run("migrate").status == 0
    db = Database(blank.url)
    _works(blank, db)
    db.close()
    assert [daemon.stop() for daemon in daemons] == [0] * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_children_of_all_hear_a_broker_that_is_up_after_them(
    house: House, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hear bells: no sweep comes by in the time of this test."""
    if embedded.binary() is None:
        pytest.skip("the embedded server has no build for this platform")
    start, slow = embedded.start, house.folder / "slow"
    slow.touch()

    def late(server: Path, sock: Path) -> "subprocess.Popen[bytes]":
        if slow.exists():
            return subprocess.Popen(["sleep", "1"])
        return start(server, sock)

    monkeypatch.setattr(embedded, "start", late)
    everything = house.start("all", OKNO_WORK__SWEEP="1000")
    everything.says("worker.ready")
    everything.says("Uvicorn running")
    slow.unlink()
    eventually(lambda: house.ready().get("broker") == "up")
    _works(house, rig.db)
    assert everything.stop() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_dramatiq_s_own_command_line_runs_the_workers(house: House, db: Database, redis_url: str) -> None:
    """They hear bells: no sweep comes by in the time of this test."""
    environ = {**os.environ, **house.environ, "OKNO_BROKER__URL": redis_url, "OKNO_WORK__SWEEP": "1000"}
    environ["OKNO_SETTINGS"] = str(ROOT / "settings.toml")
    command = [sys.executable, "-m", "dramatiq", "workers", "--processes", "1", "--threads", "2"]
    with (house.folder / "dramatiq.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, process_group=0)
    try:
        with db.begin() as tx:
            body = b'{"id": "1", "visitor": "v1", "text": "hello"}'
            found = wire.pack(wire.Arrival(now()), body)
            inbox.put(tx, [Arrival("site", "v1:1", "v1", found)])
        bells = queues.Bells(queues.make_broker(redis_url))

        def said() -> bool:
            bells.ring(queues.PIPELINE, [queues.INBOX])
            return [row.text for row in _rows(db, MESSAGES)] == ["hello"]

        eventually(said)
        bells.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert {row.holder for row in _rows(db, LEASES)} == {""}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_killed_worker_s_work_is_taken_up_by_the_next_at_once(house: House, db: Database, rig: Rig) -> None:
    rig.take(raw("anna", "0"))
    rig.store_raws(*(raw("anna", str(n), slow=0.05) for n in range(1, 6)))
    letter = rig.letter("ok")
    daemon = house.start("work")
    eventually(lambda: any(row.claims for row in _rows(db, LEASES)) or not rig.queued())
    daemon.child.kill()
    with db.begin() as tx:
        # It held its leases for minutes to come.
        tx.execute(update(LEASES).where(LEASES.c.holder != "").values(expires_at=now().replace(year=2099)))
    again = house.start("work")
    eventually(lambda: not rig.queued() and rig.letter_row(letter).state == "sent")
    assert again.stop() == 0
    assert len(rig.messages()) == 7
    rig.check()
