"""The house rules no linter knows: docstrings, file lengths, and who may know what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from connectors.registry import _KINDS

ROOT = Path(__file__).parents[2]
PACKAGES = ["connectors", "pipeline", "dialogs", "tasks", "storage", "api"]
MODULES = ["workers.py", "settings.py", "log.py", "errors.py"]
MOST_LINES = 400


def files(*suffixes: str, folders: list[str]) -> Iterator[Path]:
    """The source files of the folders and the modules at the top."""
    yield from (ROOT / name for name in MODULES if ".py" in suffixes)
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in suffixes)


def test_every_module_says_what_it_is() -> None:
    mute = [path for path in files(".py", folders=[*PACKAGES, "tests"]) if not ast.get_docstring(tree(path))]
    assert not mute


def test_no_file_is_too_long_to_read() -> None:
    sources = files(".py", ".js", ".css", ".html", folders=[*PACKAGES, "tests"])
    lengths = {path: len(path.read_text().splitlines()) for path in sources}
    assert not {path: lines for path, lines in lengths.items() if lines >= MOST_LINES}


def test_channel_kinds_are_named_by_connectors_alone() -> None:
    # An e-mail address is also what a client may have, whatever he writes by; but its connector is nobody's business,
    # except for the roof, which prints what is read in mails.
    names = [kind if kind != "email" else r"connectors\.email" for kind in _KINDS]
    kinds = re.compile(rf"\b({'|'.join(names)})\b", re.IGNORECASE)
    elsewhere = [name for name in PACKAGES if name != "connectors"]
    sources = [
        path for path in files(".py", ".js", ".css", ".html", ".mako", folders=elsewhere) if path.name != "workers.py"
    ]
    assert not {path: found.group() for path in sources if (found := kinds.search(path.read_text()))}


def test_single_modules_stand_at_the_bottom() -> None:
    house = {*PACKAGES, *(Path(name).stem for name in MODULES)}
    assert not (imported("log.py") | imported("errors.py")) & house
    assert not imported("settings.py") & house - {"log"}


def test_broker_and_network_are_for_those_above() -> None:
    for module in ["settings.py", "log.py", "errors.py"]:
        assert not imported(module) & {"dramatiq", "redis", "aiohttp"}


def tree(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(path.read_text(), filename=str(path))


def imported(module: str) -> set[str]:
    """The top-level names a module of the house imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree(ROOT / module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
