"""The client edge: a component that holds clients' streams and nothing of what they mean.

It speaks the session protocol with the session managers behind its link (session protocol, 3).
"""

from collections.abc import Callable, Collection
from itertools import count

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from xmppd.c2s.connection import Connection
from xmppd.c2s.hosts import Hosts
from xmppd.c2s.legs import EdgeLegs
from xmppd.c2s.requests import Requests
from xmppd.c2s.settings import Limits
from xmppd.c2s.wheel import Wheel
from xmppd.component.session import boot_number, member
from xmppd.link.addresses import AddressLimits, address_key
from xmppd.link.envelope import Envelope
from xmppd.link.link import Item, Link
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.tls.certificates import Certificates
from xmppd.tls.listening import Listen, is_balanced

LINGER_SECONDS = 5
"""So long a client may take to close its side after we have closed ours."""
PATIENCE_SECONDS = 60
"""So long the buffer to a client may stand still."""


class ClientEdge:
    """One edge. Every second it looks at what is due; no connection has a timer of its own.

    `default_host` is our name towards clients that ask for no host of ours; `certificates` may be
    None where no listener does STARTTLS.
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        link: Link,
        clock: IReactorTime,
        limits: Limits,
        default_host: Jid,
        certificates: Certificates | None = None,
        boot: str | None = None,
        hosts: Collection[Jid] = (),
    ) -> None:
        """
        :param name: of the instance, such as `c2s-1`, which the link's router knows.
        :param boot: of this life; the time, unless given.
        :param hosts: those for whose session manager clients wait while it is not there.
        """
        self.address = Jid.parse(f"{name}/{boot or boot_number()}")
        self.clock = clock
        self.default_host = default_host
        self.certificates = certificates
        self.send = link.send
        self.wheel: Wheel[str] = Wheel()  # names, so that it keeps nothing that has gone
        self.requests = Requests(link, self.wheel)
        self.hosts = Hosts(self.requests, self.wheel, self.address, hosts)
        self.addresses = AddressLimits()
        self.limits = limits
        self.awake: list[Connection] = []
        self.throttled: set[Connection] = set()
        self.slow: set[Connection] = set()
        self._closing: dict[Connection, int] = {}
        self._streams: dict[str, Connection] = {}
        self.legs = EdgeLegs(link, self.address, clock, self._streams)
        self._numbers = count(1)
        self._emptied: list[Deferred[None]] = []
        self._stop_by = 0
        self._ticking = LoopingCall(self._tick)
        self._ticking.clock = clock
        link.receiver = self.receive

    @property
    def limits(self) -> Limits:
        """What clients may ask; set anew, it holds from then on, also for those that are here."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self.rate = limits.bytes_per_second if limits.enabled else 0
        self.addresses.connections = limits.connections_per_address if limits.enabled else 0
        self.addresses.attempts = limits.login_attempts_per_address if limits.enabled else 0

    def start(self) -> None:
        """Begin to count seconds."""
        self._ticking.start(1.0, now=False)

    def stop(self) -> Deferred[None]:
        """Close all streams with system-shutdown.

        Fires when their connections have gone, which are cut when they take too long, and when
        session managers know of that, or do not answer.
        """
        for connection in list(self._streams.values()):
            connection.fail(StreamError("system-shutdown"))
        self._stop_by = self.wheel.now + LINGER_SECONDS
        emptied: Deferred[None] = Deferred()
        self._emptied.append(emptied)
        self._end_if_empty()
        return emptied

    def _end_if_empty(self) -> None:
        if self.connections or (self.legs.closing and self.wheel.now < self._stop_by):
            return
        self._stop_ticking()
        emptied, self._emptied = self._emptied, []
        for waiting in emptied:
            waiting.callback(None)

    def build_protocol(self, address: IAddress | None, listen: Listen) -> Connection | None:
        """Make the protocol of a new connection, or None if its address has too many."""
        key = "" if is_balanced(listen) else address_key(address)
        if not self.addresses.connected(key):
            return None
        return Connection(self, member(self.address, str(next(self._numbers))), key, listen.tls)

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._streams) + len(self._closing)

    # What the link brings

    def receive(self, item: Item) -> None:
        """Take an envelope; nothing else may reach an instance."""
        if type(item) is not Envelope:
            return
        if item.epoch:
            connection = self._streams.get(item.to.resource)
            if connection is not None:
                connection.phase.deliver(item)
            else:
                self.legs.unwanted(item)
        elif item.id:
            self.requests.answered(item)
        elif item.type != "error":  # else: an instance is not there, and will be asked for
            self._report(item)

    def _report(self, envelope: Envelope) -> None:
        if envelope.to == self.address:
            self.legs.reported(envelope)
        else:
            self.legs.stray(envelope, envelope.to)

    def relinked(self) -> None:
        """The link is there again, after what was on its way may have been lost."""
        self.legs.relinked()

    # What connections tell

    def told_address(self, connection: Connection) -> bool:
        """Count a connection of a balancer's by the address that came with its first bytes.

        False: that address has too many.
        """
        key = address_key(connection.transport.getPeer())
        if not self.addresses.connected(key):
            return False
        connection.key = key
        return True

    def connected(self, connection: Connection) -> None:
        """A connection begins."""
        self._streams[connection.address.resource] = connection
        self.wheel.put(connection.address.resource, self.wheel.now + self.limits.login_seconds)

    def finishing(self, connection: Connection) -> None:
        """A stream has ended; its connection is about to."""
        self._streams.pop(connection.address.resource, None)
        self._closing[connection] = self.wheel.now + LINGER_SECONDS

    def disconnected(self, connection: Connection) -> None:
        """A connection has gone."""
        self.addresses.disconnected(connection.key)
        self._streams.pop(connection.address.resource, None)
        self._closing.pop(connection, None)
        self.slow.discard(connection)
        self.throttled.discard(connection)
        if self._emptied:
            self._end_if_empty()

    # Time

    def _tick(self) -> None:
        due = self.wheel.advance()
        for step in (self._doze, self._refill, self._watch_slow, self._cut, self._ask_clients):
            self._guarded(step)
        for step in (self.requests.expire, self.hosts.ask_again):
            self._guarded(step)
        for name in due:
            self._guarded(self._look_at, name)
        if self.wheel.now % 60 == 0:
            self.addresses.next_minute()
        if self._emptied:
            self._end_if_empty()

    def _guarded(self, step: Callable[..., None], *arguments: str) -> None:
        """What goes wrong with one thing must not stop the clock for all."""
        try:
            step(*arguments)
        except Exception:
            self.log.failure("The client edge failed at what was due")

    def _look_at(self, name: str) -> None:
        connection = self._streams.get(name)
        again = 0 if connection is None else connection.phase.due(self.wheel.now)
        if again:
            self.wheel.put(name, again)

    def _doze(self) -> None:
        now = self.wheel.now
        self.awake = [connection for connection in self.awake if not connection.doze(now)]

    def _refill(self) -> None:
        for connection in list(self.throttled):
            if connection.refilled():
                self.throttled.discard(connection)

    def _watch_slow(self) -> None:
        for connection in list(self.slow):
            connection.check_progress(self.wheel.now, PATIENCE_SECONDS)

    def _ask_clients(self) -> None:
        self.legs.ask_clients(self.wheel.now)

    def _cut(self) -> None:
        now = self.wheel.now
        for connection in [each for each, until in self._closing.items() if until <= now]:
            connection.abort()

    def _stop_ticking(self) -> None:
        if self._ticking.running:
            self._ticking.stop()
