"""Tests that leave something to chance name what it was made of, so that it can be had again."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def chance() -> Iterator[random.Random]:
    """Chance by a seed, or by the one in `SEED`; what fails within says which it was."""
    seed = os.environ.get("SEED") or str(random.randrange(1_000_000))
    try:
        yield random.Random(seed)
    except Exception as problem:
        told = f"{problem}\nchance was that of SEED={seed}"
        if not isinstance(problem, AssertionError):
            raise AssertionError(f"{problem!r}: {told}") from problem
        problem.args = (told,)
        raise
