"""What the kernel knows of processes: who their children are, how long they computed and how much memory they hold."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _CPU = 1, slice(11, 15)


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields:
            children.setdefault(int(fields[_PARENT]), []).append(int(folder.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Seconds of processor time these processes have taken, with those of their children that have ended."""
    return sum(int(ticks) for pid in pids for ticks in _stat(pid)[_CPU]) / _TICKS


def resident(pid: int) -> float:
    """Megabytes of memory the process holds: VmRSS."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"process {pid} has ended")


def _stat(pid: int) -> list[str]:
    """The fields behind the process's name, from its state on; none once it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
