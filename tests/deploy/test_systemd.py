"""The systemd units: one for each process kind, alike in what protects them, and right in systemd's own eyes."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
import typer

import settings
import workers
from tests.deploy.tools import run, wanted

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
# systemd's own measure, from 0 (safe) to 100; most of what is left is the network, which the processes need.
EXPOSURE = 15


def lines(unit: Path) -> dict[str, list[str]]:
    """The values of each key, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def test_every_process_kind_has_a_unit() -> None:
    assert [unit.stem for unit in SERVICES] == [
        "okno-all", "okno-clock", "okno-deliver@", "okno-pipeline@", "okno-receive", "okno-web",
    ]  # fmt: skip


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_there_is(unit: Path) -> None:
    (command,) = lines(unit)["ExecStart"]
    program, name, *arguments = command.split()
    assert program == "/opt/okno/current/bin/okno"
    known = typer.main.get_command(workers.app)
    assert name in known.commands  # type: ignore[attr-defined]
    assert not arguments or name == "work"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_is_restarted_for_ever_and_ended_with_its_children(unit: Path) -> None:
    found = lines(unit)
    assert found["Restart"] == ["always"]
    assert found["StartLimitIntervalSec"] == ["0"]
    assert found["TimeoutStopSec"] == ["40"]
    # The supervisor of `all` ends its children itself, the broker last.
    assert found["KillMode"] == ["mixed" if unit.stem == "okno-all" else "control-group"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_all_units_are_protected_alike(unit: Path) -> None:
    assert protection(unit) == protection(UNITS / "okno-web.service")
    assert "NoNewPrivileges=yes" in protection(unit)


def protection(unit: Path) -> str:
    """The part of the unit that says what its process may not do."""
    match = re.search(r"^NoNewPrivileges=.*?^SystemCallErrorNumber=EPERM$", unit.read_text(), re.MULTILINE | re.DOTALL)
    assert match is not None
    return match.group()


def test_the_example_environment_holds_settings_there_are(tmp_path: Path) -> None:
    pairs = [line.split("=", 1) for line in (UNITS / "okno.env").read_text().splitlines() if re.match(r"\w+=", line)]
    environ = dict(pairs)
    for name, value in {
        "OKNO_SETTINGS": "",
        "OKNO_DATABASE__URL_FILE": "postgresql+psycopg://okno@127.0.0.1/okno",
        "OKNO_BROKER__URL_FILE": "redis://127.0.0.1:6379/0",
    }.items():
        (tmp_path / name).write_text(value)
        environ[name] = str(tmp_path / name)
    found = settings.load(environ)
    assert found.database.url.startswith("postgresql")
    assert found.broker.url.startswith("redis")
    assert str(found.state_dir) == "/var/lib/okno"


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    analyze = wanted("systemd-analyze")
    copies = []
    for unit in [*SERVICES, UNITS / "okno.target"]:
        name = unit.name.replace("@", "@1")
        # The command is not installed here.
        (tmp_path / name).write_text(unit.read_text().replace("/opt/okno/current/bin/okno", "/bin/true"))
        copies.append(str(tmp_path / name))
    assert run(analyze, "verify", *copies) == ""


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_is_safe_in_systemd_s_eyes(unit: Path) -> None:
    run(wanted("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", unit)


def test_the_command_for_administrators_is_a_shell_script_in_order() -> None:
    script = UNITS / "okno"
    assert script.stat().st_mode & 0o111
    run("sh", "-n", str(script))
