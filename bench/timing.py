"""Measuring CPU time."""

import gc
from collections.abc import Callable
from time import process_time

ROUNDS = 7
SECONDS = 0.1
"""How long one round lasts at least."""


def each(call: Callable[[], object], stanzas: int = 1) -> float:
    """CPU microseconds per stanza of a call that handles so many: the best of several rounds."""
    calls = _enough(call)
    return min(_spent(call, calls) for _ in range(ROUNDS)) / calls / stanzas * 1e6


def _enough(call: Callable[[], object]) -> int:
    """So many calls that a round is long enough."""
    calls = 1
    while (spent := _spent(call, calls)) < SECONDS / 4:
        calls *= 4
    return max(1, int(calls * SECONDS / spent))


def _spent(call: Callable[[], object], calls: int) -> float:
    gc.collect()
    start = process_time()
    for _ in range(calls):
        call()
    return process_time() - start
