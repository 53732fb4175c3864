"""The container image and the compose file, as far as that goes without an engine."""

import fnmatch
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import typer

import settings
import workers
from tests.deploy.tools import run, wanted

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def sent_to_the_builder() -> list[str]:
    """What stands at the top of the tree and is not left out by .dockerignore."""
    left_out = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#*"]
    return [path.name for path in ROOT.iterdir() if not any(fnmatch.fnmatch(path.name, one) for one in left_out)]


def test_the_image_s_context_holds_all_the_wheel_is_built_from(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    for name in sent_to_the_builder():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, context / name)
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path), cwd=context)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {"workers.py", "settings.toml", "storage/migrations/env.py"} <= set(archive.namelist())


def test_secrets_are_neither_sent_to_the_builder_nor_committed() -> None:
    assert not {"deploy", "var", ".git"} & set(sent_to_the_builder())
    for line in ("/var/", "/deploy/secrets/", "/deploy/settings.toml"):
        assert line in (ROOT / ".gitignore").read_text().splitlines()


def test_what_the_image_installs_is_known_by_its_hash() -> None:
    installs = re.findall(r"pip .*?install.*", (DEPLOY / "Dockerfile").read_text())
    assert len(installs) == 3
    assert [("--require-hashes" in line) or ("--no-deps --no-index" in line) for line in installs] == [True] * 3


def test_the_image_runs_as_nobody_special_with_settings_there_are() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER okno$", text, re.MULTILINE)
    found = settings.load(dict(re.findall(r"(OKNO_\w+)=(\S+)", text)))
    assert (found.web.host, found.log.format) == ("0.0.0.0", "json")


def test_compose_runs_every_process_kind() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    commands = {match.split(", ")[0] for match in re.findall(r"^    command: \[([a-z, ]+)\]$", text, re.MULTILINE)}
    assert commands == {"migrate", "web", "work", "clock", "receive"}
    assert commands <= set(typer.main.get_command(workers.app).commands)  # type: ignore[attr-defined]


def test_compose_names_settings_there_are(tmp_path: Path) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    environ = dict(re.findall(r"^    (OKNO_\w+): '?(.*?)'?$", text, re.MULTILINE))
    assert {name for name in environ if name.endswith("_FILE")} == {"OKNO_DATABASE__URL_FILE"}
    for name, content in {"OKNO_SETTINGS": "", "OKNO_DATABASE__URL_FILE": "postgresql+psycopg://okno@db/okno"}.items():
        (tmp_path / name).write_text(content)
        environ[name] = str(tmp_path / name)
    found = settings.load(environ)
    gateway = re.search(r"gateway: (\S+)", text)
    assert gateway is not None
    assert found.web.trusted_proxies == (gateway.group(1),)


def test_the_composer_understands_the_file() -> None:
    command = composer()
    assert run(*command, "--file", str(DEPLOY / "compose.yaml"), "config", "--services").split()


def composer() -> list[str]:
    """Docker's compose command, new or old."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode == 0:
        return [docker, "compose"]
    return [wanted("docker-compose")]
