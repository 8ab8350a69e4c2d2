"""What a process and its children have used: CPU seconds and resident memory, from Linux's own accounts."""

import contextlib
import time
from pathlib import Path


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found: list[int] = []
    queue = [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{current}/task").iterdir():
                queue += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the family. The clock id of a process is documented in clock_getcpuclockid(3)."""
    total = 0.0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += time.clock_gettime((~member << 3) | 2)
    return total


def resident_mib(pid: int) -> float:
    """Resident memory of the family."""
    kib = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{member}/status").read_text()
            kib += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return kib / 1024
