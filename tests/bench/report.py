"""The figures as people read them: a table for each part, with the goals, on the terminal and in docs/benchmarks.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.chaos.daemons import ROOT

DOCS = ROOT / "docs" / "benchmarks.md"
KINDS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}

# By part and database: what its `measure` gave back.
Figures = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Line(NamedTuple):
    """One figure of a part: its name there, its unit, and the least or the most it should be."""

    label: str
    name: str
    unit: str = ""
    least: float | None = None
    most: float | None = None

    def keeps(self, value: Any) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.least is not None:
            return bool(value >= self.least)
        return bool(value <= self.most) if self.most is not None else None

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.least is not None:
            return f"≥ {_shown(self.least, self.unit)}"
        return f"≤ {_shown(self.most, self.unit)}" if self.most is not None else ""


LINES: dict[str, Sequence[Line]] = {
    "pipeline": (
        Line("pipeline, two workers", "pipeline_per_s", "/s"),
        Line("processor time a message", "pipeline_cpu_us", "µs"),
        Line("the plain way, two processes", "plain_per_s", "/s"),
        Line("processor time a message", "plain_cpu_us", "µs"),
        Line("**pipeline : the plain way**", "times_plain", "×", least=20),
        Line("bare INSERTs of the same rows", "best_insert_per_s", "/s"),
        Line("the fastest way to insert them", "best_insert"),
        Line("**pipeline : bare INSERTs**", "share_of_inserts", "%", least=0.25),
    ),
    "tasks": (
        Line("**extraction alone, on one core**", "extraction_per_s", "/s", least=4000),
        Line("processor time a message", "extraction_cpu_us", "µs"),
        Line("**its memory, at most**", "extraction_peak_mb", "MB", most=100),
        Line("**the slowest message of 64 KB**", "slowest_ms", "ms", most=400),
        Line("tasks found in a message", "tasks_a_message"),
        Line("raw → message, two workers", "drained_per_s", "/s"),
        Line("processor time a message", "drained_cpu_us", "µs"),
        Line("message → read for tasks, two workers", "read_per_s", "/s"),
        Line("processor time a message", "read_cpu_us", "µs"),
        Line("in all, what tasks add to a message", "added_cpu_us", "µs"),
        Line("raw → read for tasks, both at once", "both_per_s", "/s"),
        Line("processor time a message", "both_cpu_us", "µs"),
        Line("**of that, extraction**", "inside_cpu_us", "µs", most=250),
    ),
    "post": (
        Line("echo with the token checked", "echo_per_s", "/s"),
        Line("POST, workers stopped", "post_per_s", "/s"),
        Line("**POST : echo**", "share_of_echo", "%", least=0.5),
        Line("POST p50", "post_p50_ms", "ms"),
        Line("**POST p99**", "post_p99_ms", "ms", most=30),
        Line("POST, workers running", "busy_post_per_s", "/s"),
        Line("its p99", "busy_post_p99_ms", "ms"),
        Line("stored meanwhile", "busy_stored_per_s", "/s"),
        Line("**stored : POST, workers stopped**", "stored_share_of_posts_alone", "%", least=0.5),
    ),
    "latency": (
        Line("**accepted → stored, p50**", "p50_ms", "ms", most=40),
        Line("p95", "p95_ms", "ms"),
        Line("**p99**", "p99_ms", "ms", most=200),
    ),
    "burst": (
        Line("one burst is worked off in", "burst_seconds", "s"),
        Line("the others' p95, no burst", "p95_alone_ms", "ms"),
        Line("the others' p95, beside a burst", "p95_beside_ms", "ms"),
        Line("**beside : without**", "times", "×", most=2),
    ),
    "growth": (
        Line("pipeline, 10,000 messages stored", "rate_with_little_per_s", "/s"),
        Line("pipeline, 1,000,000 messages stored", "rate_with_much_per_s", "/s"),
        Line("**rate kept**", "rate_kept", "%", least=0.85),
        Line("**list of dialogs, p95**", "list_p95_ms", "ms", most=50),
        Line("**page of a dialog, p95**", "dialog_p95_ms", "ms", most=50),
    ),
    "memory": (
        Line("web, after its start", "web_started_mb", "MB"),
        Line("**web, at the end**", "web_ended_mb", "MB", most=150),
        Line("**web, growth after the warm-up**", "web_growth", "%", most=0.05),
        Line("pipeline worker, after its start", "worker_started_mb", "MB"),
        Line("**pipeline worker, at the end**", "worker_ended_mb", "MB", most=180),
        Line("**pipeline worker, growth after the warm-up**", "worker_growth", "%", most=0.05),
        Line("**times it imports aiogram**", "worker_imports_aiogram", most=0),
    ),
    "idle": (
        Line("**all processes of `all`, share of a core**", "share_of_core", "%", most=0.08),
        Line("PostgreSQL and Redis beside them", "servers_share_of_core", "%"),
    ),
    "talk": (
        Line("message → console, p50", "there_p50_ms", "ms"),
        Line("p99", "there_p99_ms", "ms"),
        Line("**message → console, the slowest**", "there_max_ms", "ms", most=1000),
        Line("reply → chat, p50", "back_p50_ms", "ms"),
        Line("p99", "back_p99_ms", "ms"),
        Line("**reply → chat, the slowest**", "back_max_ms", "ms", most=1000),
    ),
    "receiver": (
        Line("**Telegram's updates, read and stored**", "telegram_per_s", "/s", least=1000),
        Line("the same raws, stored alone", "telegram_intake_per_s", "/s"),
        Line("read : stored alone", "telegram_share_of_intake", "%"),
        Line("**VK's events, read and stored**", "vk_per_s", "/s", least=1000),
        Line("the same raws, stored alone", "vk_intake_per_s", "/s"),
        Line("read : stored alone", "vk_share_of_intake", "%"),
    ),
    "mail": (
        Line("**parsed, stripped and made safe, by one worker and its child**", "parsed_per_s", "/s", least=400),
        Line("processor time a mail", "parsed_cpu_us", "µs"),
        Line("**from the mailbox into dialogs**", "taken_per_s", "/s", least=300),
        Line("processor time a mail", "taken_cpu_us", "µs"),
        Line("the same mails, fetched alone", "fetched_per_s", "/s"),
        Line("into dialogs : fetched alone", "share_of_fetched", "%"),
    ),
    "backlog": (
        Line("mail that lies there", "much_mb", "MB"),
        Line("read and stored", "much_mb_per_s", "MB/s"),
        Line("**the receiver's memory, at most**", "much_peak_mb", "MB", most=200),
        Line("small mails that lie there", "many"),
        Line("read, and stored or known", "many_per_s", "/s"),
        Line("**the receiver's memory, at most**", "many_peak_mb", "MB", most=200),
    ),
    "poison": (
        Line("poisons among the good messages", "poisons"),
        Line("**accepted → stored, the slowest good one**", "longest_s", "s", most=5),
        Line("**starts of the one that kills, three of them alone**", "killer_starts", most=6),
        Line("**innocents parked**", "innocents_parked", most=0),
    ),
}


def table(part: str, figures: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table of one part; `figures` by database."""
    kinds = [kind for kind in KINDS if kind in figures]
    rows = [["", "goal", *(KINDS[kind] for kind in kinds)], ["---"] * (2 + len(kinds))]
    for line in LINES[part]:
        cells = (_cell(line, figures[kind][line.name]) for kind in kinds)
        rows.append([line.label, line.goal, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def missed(figures: Figures) -> list[str]:
    """The goals that are not reached, in words."""
    return [
        f"{part} on {KINDS[kind]}: {line.label.strip('*')} {_shown(found[line.name], line.unit)}, goal {line.goal}"
        for part, by_kind in figures.items()
        for kind, found in by_kind.items()
        for line in LINES[part]
        if line.keeps(found[line.name]) is False
    ]


def write_docs(figures: Figures, measured: str) -> None:
    """Put the tables of these parts into docs/benchmarks.md, between the marks that are there for them."""
    page = DOCS.read_text()
    for part, by_kind in figures.items():
        page = _between(page, part, f"{table(part, by_kind)}\n\n{measured}")
    DOCS.write_text(page)


def _between(page: str, part: str, content: str, path: Path = DOCS) -> str:
    begin, end = f"<!-- figures: {part} -->", "<!-- end -->"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(found.findall(page)) != 1:
        raise SystemExit(f"{path}: there is no place for the figures of {part}; write {begin} and {end} on lines alone")
    return found.sub(lambda _: f"{begin}\n{content}\n{end}", page)


def _cell(line: Line, value: Any) -> str:
    return _shown(value, line.unit) + {None: "", True: " ✓", False: " ✗"}[line.keeps(value)]


def _shown(value: Any, unit: str) -> str:
    if isinstance(value, Mapping):
        return " + ".join(f"{number} {who}" for who, number in value.items() if number) + f" {unit}"
    if isinstance(value, str):
        return value
    if unit == "%":
        return f"{value * 100:.3g} %"
    if unit == "/s":
        return f"{value:,}/s"
    return f"{value:g} {unit}".strip()
