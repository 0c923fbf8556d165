"""Many random lives of rooms.

python -m tests.chat.machine --histories 100000
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from random import Random

from tests.chat.life import Life, live

LONGEST = 60
"""Steps of a history; on the average half as many."""


def history(seed: int, kind: type[Life] = Life) -> int:
    """One history, the same for the same seed; gives its steps."""
    random = Random(seed)
    steps = random.randint(1, LONGEST)
    live(random, steps, kind)
    return steps


def failures(seeds: range) -> Iterator[tuple[int, BaseException]]:
    """Seeds whose histories show something broken."""
    for seed in seeds:
        try:
            history(seed)
        except Exception as problem:
            yield seed, problem


def main() -> None:
    parser = argparse.ArgumentParser(description="Put rooms through random histories.")
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one's")
    asked = parser.parse_args()
    os.nice(10)
    seeds = range(asked.seed, asked.seed + asked.histories)
    begun, broken = time.process_time(), 0
    for seed, problem in failures(seeds):
        broken += 1
        print(f"seed {seed}: {problem!r}"[:2_000])
        if broken == 10:
            break
    spent = time.process_time() - begun
    print(f"{asked.histories} histories, {broken} of them broken, {spent:.0f} s of CPU")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
