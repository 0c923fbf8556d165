"""Processes that can be killed and frozen, and links to a router that lose things."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any

from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Receiver
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza


class Timer:
    """A call that is put off, and where it is made."""

    def __init__(
        self, process: "Process | None", call: Callable[..., object], args: tuple[Any, ...]
    ) -> None:
        self._process = process
        self._call = call
        self._args = args
        self._over = False

    def active(self) -> bool:
        return not self._over

    def cancel(self) -> None:
        assert not self._over, "cancelled too late"
        self._over = True

    def due(self) -> None:
        """Make the call, or have a frozen process make it later."""
        process = self._process
        if process is not None and process.frozen:
            process.missed.append(self)
        elif not self._over and (process is None or process.alive):
            self._over = True
            self._call(*self._args)


class QuickClock:
    """A clock for many calls: it goes from one to the next."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._calls: list[tuple[float, int, Timer]] = []
        self._count = 0

    def seconds(self) -> float:
        return self._now

    def callLater(self, delay: float, call: Callable[..., object], *args: Any) -> Timer:
        return self.add(delay, Timer(None, call, args))

    def add(self, delay: float, timer: Timer) -> Timer:
        self._count += 1
        heappush(self._calls, (self._now + delay, self._count, timer))
        return timer

    def run_until(self, end: float) -> Iterator[None]:
        """Make all calls that are due until then, a pause after each."""
        calls = self._calls
        while calls and calls[0][0] <= end:
            self._now, _, timer = heappop(calls)
            timer.due()
            yield
        self._now = end


class Process:
    """One life of a process. It is the reactor of what runs in it."""

    def __init__(self, clock: QuickClock, boot: str) -> None:
        self.clock = clock
        self.boot = boot
        self.alive = True
        self.frozen = False
        self.missed: deque[Timer] = deque()

    def seconds(self) -> float:
        return self.clock.seconds()

    def callLater(self, delay: float, call: Callable[..., object], *args: Any) -> Timer:
        return self.clock.add(delay, Timer(self, call, args))

    def do(self, call: Callable[..., object], *args: Any) -> None:
        """Have the process do something: now, when it thaws, or never."""
        Timer(self, call, args).due()

    def kill(self) -> None:
        self.alive = self.frozen = False
        self.missed.clear()

    def freeze(self) -> None:
        self.frozen = self.alive

    def thaw(self) -> None:
        self.frozen = False
        while self.missed and not self.frozen:
            self.missed.popleft().due()


class LossyLink:
    """A component's link, over a connection to a router that may be cut.

    What is sent while it is cut waits; what is on its way then is lost. Stanzas do not go that
    way: what one session manager sends to itself is not what this is about.
    """

    lossless = False

    def __init__(self, network: "Network", name: str, process: Process) -> None:
        self.name = name
        self.receiver: Receiver = lambda item: None
        self.relinked: Callable[[], None] = lambda: None
        self.seen: Callable[[Envelope], None] = lambda envelope: None
        self.process = process
        self.up = True
        self.life = 0  # of the connection
        self._network = network
        self._waiting: deque[Envelope] = deque()
        self._last = {True: 0.0, False: 0.0}

    def send(self, item: Item) -> None:
        if not self.process.alive:
            return
        if isinstance(item, Stanza):
            self.process.callLater(0, self.receiver, item)
            return
        self.seen(item)
        if self.up:
            self._travel(item, True)
        else:
            self._waiting.append(item)

    def send_each(self, stanza: Stanza, addresses: Iterable[Jid]) -> None:
        for address in addresses:
            self.send(stanza.readdressed(address))

    def close(self) -> None:
        pass

    def _travel(self, item: Envelope, up: bool) -> None:
        now = self._network.clock.seconds()
        arrival = max(self._last[up], now + self._network.delay())
        self._last[up] = arrival
        self._network.clock.callLater(arrival - now, self._arrive, item, up, self.life)

    def _arrive(self, item: Envelope, up: bool, life: int) -> None:
        if life != self.life:
            return
        if up:
            self._network.route(item)
        else:
            self.process.do(self.receiver, item)

    def deliver(self, item: Envelope) -> None:
        """From the router."""
        self._travel(item, False)

    def cut(self) -> None:
        self.up = False
        self.life += 1

    def heal(self) -> None:
        if not self.up:
            self.up = True
            self.process.do(self.relinked)
            while self._waiting:
                self._travel(self._waiting.popleft(), True)


class Network:
    """The router, and the links to it by the names of instances."""

    def __init__(self, clock: QuickClock, random: Random) -> None:
        self.clock = clock
        self._random = random
        self._slow = random.choice([0.0005, 0.005, 0.05])
        self.links: dict[str, LossyLink] = {}
        self._waiting: dict[str, deque[Envelope]] = {}

    def delay(self) -> float:
        """Seconds that one thing takes over one link."""
        return self._random.expovariate(1 / self._slow)

    def link(self, name: str, process: Process) -> LossyLink:
        """The link of a new life of an instance; that of the last one is gone."""
        if name in self.links:
            self.links[name].cut()
        link = self.links[name] = LossyLink(self, name, process)
        self._waiting[name] = deque()
        return link

    def route(self, item: Envelope) -> None:
        name = item.to.domain if item.to.domain in self.links else "sm-1"
        link = self.links[name]
        if link.up:
            link.deliver(item)
        elif self._random.random() < 0.5:
            self._waiting[name].append(item)
        elif item.type != "error":
            self.route(item.answer(type="error"))

    def cut(self, name: str, seconds: float) -> None:
        """Cut a link for so long; what the router has for it meanwhile waits there."""
        link = self.links[name]
        link.cut()
        self.clock.callLater(seconds, self._heal, link)

    def wipe(self, seconds: Callable[[], float]) -> None:
        """Kill the router: all that it has is lost. Links come back one by one."""
        for name, link in self.links.items():
            self._waiting[name].clear()
            self.cut(name, seconds())
            assert not link.up

    def heal(self) -> None:
        """Mend all links."""
        for link in self.links.values():
            self._heal(link)

    def _heal(self, link: LossyLink) -> None:
        if self.links[link.name] is link and not link.up:
            link.heal()
            waiting = self._waiting[link.name]
            while waiting:
                link.deliver(waiting.popleft())
