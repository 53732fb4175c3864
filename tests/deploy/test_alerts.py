"""The Prometheus rules: on figures that are served, and ringing when they should."""

import re
from collections import Counter
from pathlib import Path
from shutil import copyfile

from prometheus_client import generate_latest

from api.metrics import registry
from tests.deploy.tools import run, wanted

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "alerts.yaml"
TOLD = {
    "channels": {
        "site": dict.fromkeys(("received", "processed", "duplicate", "parked", "in_flight", "lag_seconds"), 0)
    },
    "outbox": {"site": {"states": {"failed": 1}, "oldest_seconds": 0.0}},
    "to_read": {"messages": 0, "oldest_seconds": 0.0},
}


def test_every_figure_of_a_rule_is_served() -> None:
    rules = RULES.read_text()
    figures = generate_latest(registry(TOLD, {"site": False}, {"open": 0}, Counter(), 0)).decode()
    served = set(re.findall(r"^(okno_\w+)", figures, re.MULTILINE))
    used = {name for name in re.findall(r"okno_\w+", rules) if f"job_name: {name}" not in rules}
    assert used
    assert used <= served


def test_every_alert_is_explained_to_who_gets_it() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    explained = (ROOT / "docs" / "operations.md").read_text()
    assert alerts
    assert not [alert for alert in alerts if f"`{alert}`" not in explained]


def test_prometheus_understands_the_rules_and_they_ring_in_time(tmp_path: Path) -> None:
    promtool = wanted("promtool")
    assert "SUCCESS" in run(promtool, "check", "rules", str(RULES))
    for path in (RULES, Path(__file__).with_name("alerts_test.yaml")):
        copyfile(path, tmp_path / path.name)
    assert "SUCCESS" in run(promtool, "test", "rules", "alerts_test.yaml", cwd=tmp_path)
