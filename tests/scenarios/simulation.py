"""A whole system in memory that loses things: edges, a session manager, clients, and chance.

`python -m tests.scenarios.simulation --seeds 1000` runs that many; a seed that fails is named.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from random import Random
from time import perf_counter
from typing import Any

from tests.scenarios.simulation_managed import ManagedPerson, check_managed
from tests.scenarios.simulation_net import Network, Process, QuickClock
from tests.scenarios.simulation_parts import (
    Edge,
    Manager,
    Person,
    Record,
    check_bounds,
    check_legs,
    check_traffic,
)
from xmppd.storage.memory import MemoryStore

ACCOUNTS = [f"u{number}" for number in range(3)]
MANAGED = [f"m{number}" for number in range(3)]
EDGES = ("c2s-1", "c2s-2")
SECONDS = 25.0
REST = 70.0
"""So long everything that was begun takes to end: leases, then what waits for them."""


class Broken(Exception):
    """An invariant that does not hold, with the seed that breaks it."""


class Simulation:
    """One run. `rough` says that processes die and links stay cut for long."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rough = bool(seed % 2)
        self.clock = QuickClock(1_800_000_000.0)
        self.record = Record()
        self.network = Network(self.clock, self.random)
        self._boots = 0
        self.store: Any = MemoryStore(self.clock)  # type: ignore[arg-type]
        self.manager = self._new_manager()
        self.edges = {name: self._new_edge(name) for name in EDGES}
        self.people = [Person(self, name) for name in ACCOUNTS]
        self.managed = [ManagedPerson(self, name) for name in MANAGED]
        self.people += self.managed

    # Processes

    def _process(self) -> Process:
        self._boots += 1
        return Process(self.clock, f"b{self._boots:03}")

    def _new_manager(self) -> Manager:
        accounts = ACCOUNTS + MANAGED
        return Manager(self._process(), self.network, self.record, accounts, self.store)

    def _new_edge(self, name: str) -> Edge:
        return Edge(name, self._process(), self.network, self.record)

    def kill_manager(self) -> None:
        self.record.lossy = True
        self.manager.process.kill()
        self.manager = self._new_manager()

    def kill_edge(self) -> None:
        name = self.random.choice(EDGES)
        edge = self.edges[name]
        edge.process.kill()
        self.edges[name] = self._new_edge(name)
        for person in self.people:
            person.lost(edge)

    def stop_edge(self) -> None:
        """End an edge in order, and start it again."""
        name = self.random.choice(EDGES)
        edge = self.edges[name]
        if not edge.stopping:
            edge.stopping = True
            edge.c2s.stop().addCallback(lambda _: self._restart(name, edge))

    def _restart(self, name: str, edge: Edge) -> None:
        if edge.process.alive:
            edge.process.kill()
            self.edges[name] = self._new_edge(name)

    def freeze(self) -> None:
        """Stop a process for a while, as by SIGSTOP."""
        process = self.random.choice([self.manager, *self.edges.values()]).process
        process.freeze()
        self.clock.callLater(self.random.uniform(0.1, 45.0), process.thaw)

    # Links

    def cut(self, most: float) -> None:
        name = self.random.choice(["sm-1", *EDGES])
        self.network.cut(name, self.random.uniform(0.01, most))

    def wipe(self) -> None:
        self.network.wipe(lambda: self.random.uniform(0.01, 3.0))

    # Time

    def chances(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """What may happen, and how often in a second."""
        yield 0.15, self.wipe
        yield 0.3, lambda: self.cut(4.0)
        yield 0.1, lambda: self.manager.stall(self.random.uniform(0.01, 3.0))
        if self.rough:
            yield 0.05, lambda: self.cut(60.0)
            yield 0.04, self.kill_edge
            yield 0.03, self.stop_edge
            yield 0.02, self.kill_manager
            yield 0.03, self.freeze
        for person in self.people:
            yield from person.chances()

    def run(self) -> None:
        end = self.clock.seconds() + SECONDS
        while self.clock.seconds() < end:
            happenings = list(self.chances())
            total = sum(rate for rate, _ in happenings)
            self.advance(self.random.expovariate(total))
            weights = [rate for rate, _ in happenings]
            [(_, deed)] = self.random.choices(happenings, weights)
            deed()
        self.rest()

    def rest(self) -> None:
        """Let everything come to its end, with clients that are there and read."""
        self.network.heal()
        for one in [self.manager, *self.edges.values()]:
            one.process.thaw()
        for person in self.people:
            person.at_rest()
        self.advance(REST)
        for person in self.people:
            person.at_rest()
        self.advance(REST)
        check_legs(self.manager, self.edges.values())
        plain = [person for person in self.people if person not in self.managed]
        check_traffic(self.record, plain, self.managed, self.rough)
        check_managed(self.record, self.managed, self.manager, self.people)

    def advance(self, seconds: float) -> None:
        """Let time pass, from one thing that is due to the next."""
        for _ in self.clock.run_until(self.clock.seconds() + seconds):
            check_bounds(self.manager, self.edges.values())


def run(seed: int) -> None:
    """Run one seed; raises `Broken`."""
    try:
        Simulation(seed).run()
    except Exception as error:
        raise Broken(f"seed {seed}: {error!r}") from error


def main(arguments: Any = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.simulation")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args(arguments)
    started, failed = perf_counter(), []
    for seed in range(options.first, options.first + options.seeds):
        try:
            run(seed)
        except Broken as broken:
            print(broken, flush=True)
            failed.append(seed)
    print(f"{options.seeds} seeds, {len(failed)} failed, {perf_counter() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
