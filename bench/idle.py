"""Memory per idle session, in a process of its own: `python -m bench.idle`."""

import gc
import subprocess
import sys
from pathlib import Path

from bench.house import House

FEW, MANY = 200, 2_200


def kib_per_session() -> float:
    """KiB of resident memory per session that has logged in and says nothing."""
    child = [sys.executable, "-m", "bench.idle"]
    return float(subprocess.run(child, check=True, capture_output=True).stdout)


def resident() -> int:
    """KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError("no VmRSS")


def _measure() -> float:
    names = [f"user{number}" for number in range(MANY)]
    house = House(names)
    clients = [house.log_in(name) for name in names[:FEW]]
    house.clock.pump([1.0] * 5)
    gc.collect()
    before = resident()
    clients += [house.log_in(name) for name in names[FEW:]]
    house.clock.pump([1.0] * 5)
    gc.collect()
    return (resident() - before) / (MANY - FEW)


if __name__ == "__main__":
    print(_measure())
