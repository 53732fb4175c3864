"""What the whole of Okno costs while nobody writes."""

import time
from typing import Any

from tests.bench import proc
from tests.bench.house import Stage

_SETTLE, _SECONDS = 5, 30


def measure(stage: Stage) -> dict[str, Any]:
    """Shares of one core: of all processes of `all`, and of the servers it uses."""
    with stage.house(embedded=stage.kind == "sqlite") as house:
        everything = house.everything()
        time.sleep(stage.size(_SETTLE, 2))
        pids = proc.family(everything.pid)
        began, own, servers = time.monotonic(), proc.cpu_seconds(pids), _servers(stage)
        time.sleep(stage.size(_SECONDS, 5))
        seconds = time.monotonic() - began
        return {
            "seconds": round(seconds),
            "processes": len(pids),
            "share_of_core": round((proc.cpu_seconds(pids) - own) / seconds, 4),
            "servers_share_of_core": round((_servers(stage) - servers) / seconds, 4),
        }


def _servers(stage: Stage) -> float:
    """PostgreSQL and Redis; nothing where the broker is one of Okno's own processes."""
    if stage.cluster is None:
        return 0.0
    return stage.database_cpu() + proc.cpu_seconds(proc.family(stage.broker.pid))
