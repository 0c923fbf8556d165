"""People of a simulation whose clients manage their streams (XEP-0198), and what must be true."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.c2s.fake_manager import HEADER
from tests.scenarios.simulation_parts import DOMAIN, Client, Edge, Manager, Person, Record, name_of
from xmppd.c2s.acking import ASK_EVERY
from xmppd.protocol.framer import Framer
from xmppd.protocol.namespaces import STREAM_MANAGEMENT as SM
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Owner

MAX_STANZA = 1_000_000
ENABLE = f"<enable xmlns='{SM}' resume='true' max='30'/>".encode()


class Account:
    """What a client remembers of a session that it may resume.

    `h` is what it has handled, `sent` the messages that count, `acknowledged` how many of its
    stanzas the server has.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = ""
        self.h = self.acknowledged = self.count = 0
        self.sent: list[str] = []
        self.unacknowledged: deque[bytes] = deque()
        self.handled: list[str] = []  # names of messages that the server has counted
        self.names: deque[str] = deque()  # of what is not acknowledged; "" for no message
        self.messages: list[str] = []

    def settle(self, h: int) -> None:
        """The server says what it has handled: I3."""
        assert self.acknowledged <= h <= self.acknowledged + len(self.unacknowledged), (
            f"h of {self.name}: {h} after {self.acknowledged} of {len(self.unacknowledged)} more"
        )
        for _ in range(h - self.acknowledged):
            self.unacknowledged.popleft()
            name = self.names.popleft()
            if name:
                self.handled.append(name)
        self.acknowledged = h


class ManagedClient(Client):
    """One connection of a person who resumes."""

    person: "ManagedPerson"

    def __init__(self, person: "ManagedPerson", edge: Edge, name: str) -> None:
        self.state = "begin"
        self.lazy = False  # answers no requests for now
        self._owes = False
        self._framer = Framer(MAX_STANZA)
        super().__init__(person, edge, name)

    @property
    def account(self) -> Account:
        return self.person.account

    @property
    def replaced_by_another(self) -> bool:
        """Whether its person has connected again since, and reads that connection only."""
        clients = self.person.clients
        return self in clients and clients[-1] is not self

    # Out

    def send(self, to: str, count: int, size: int) -> None:
        account, stanzas = self.account, []
        for _ in range(count):
            account.count += 1
            name = f"{account.name}:{account.count}"
            stanzas.append(
                f"<message type='chat' to='{to}@{DOMAIN}'><body>{name} "
                f"{'x' * size}</body></message>".encode()
            )
            account.names.append(name)
            account.sent.append(name)
        account.unacknowledged.extend(stanzas)
        self._say(b"".join(stanzas))

    def ask(self) -> None:
        self._say(f"<r xmlns='{SM}'/>".encode())

    def answer(self) -> None:
        self._owes = False
        self._say(f"<a xmlns='{SM}' h='{self.account.h}'/>".encode())

    def hurry(self) -> None:
        """Put off no answers any more."""
        self.lazy = False
        if self._owes:
            self.answer()

    # In

    def read(self, data: bytes) -> None:
        if not self.open or self.leaving or self.replaced_by_another:
            return
        self.shut_down |= b"<system-shutdown" in data
        for event in self._framer.feed(data):
            if isinstance(event, Stanza):
                self._take(event)
                if not self.open:
                    return

    def _take(self, item: Stanza) -> None:
        if self.state != "bound":
            self._log_in(item)
        elif item.ns == SM and item.name == "r":
            self._owes = True
            if not self.lazy:
                self.later(self.answer)
        elif item.ns == SM and item.name == "a":
            self.account.settle(int(item.attrs["h"]))
        elif not item.ns:
            self._stanza(item)

    def _stanza(self, item: Stanza) -> None:
        account = self.account
        account.h += 1
        if item.name == "message" and item.type != "error":
            account.messages.append(name_of(item))

    def _restart(self) -> None:
        self._framer = Framer(MAX_STANZA)
        self._say(HEADER)

    def _log_in(self, item: Stanza) -> None:  # type: ignore[override]
        if item.name == "features":
            self.later(self._authenticate if self.state == "begin" else self._go_on)
        elif item.name == "success":
            self.state = "authenticated"
            self.later(self._restart)
        elif item.name == "resumed":
            self.account.settle(int(item.attrs["h"]))
            self._bound()
            self.later(self._repeat)
        elif item.name == "failed":
            if "h" in item.attrs:
                self.account.settle(int(item.attrs["h"]))
            self.person.new_account()
            self.later(self._bind)
        elif item.name == "enabled":
            self.account.id = item.attrs["id"]
            self._bound()
            self.later(self._present)
        elif item.name == "iq" and item.type == "result":
            self.person.begin_account()
            self.later(lambda: self._say(ENABLE))
        elif item.name == "failure" or item.type == "error":
            self.later(self.over)

    def _authenticate(self) -> None:
        self._say(self._auth())

    def _go_on(self) -> None:
        account = self.account
        if account.id:
            self._say(f"<resume xmlns='{SM}' previd='{account.id}' h='{account.h}'/>".encode())
        else:
            self._bind()

    def _bind(self) -> None:
        self._say(
            b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            b"<resource>r</resource></bind></iq>"
        )

    def _bound(self) -> None:
        self.state = "bound"
        self.bound = True

    def _present(self) -> None:
        self.account.unacknowledged.append(b"<presence/>")
        self.account.names.append("")
        self._say(b"<presence/>")

    def _repeat(self) -> None:
        self._say(b"".join(self.account.unacknowledged))


class ManagedPerson(Person):
    """A person who resumes; sometimes one stream while the other is still there."""

    client_class = ManagedClient

    def __init__(self, simulation: Any, name: str) -> None:
        self.accounts: list[Account] = []
        self.accounts = [Account(f"{name}+0")]
        super().__init__(simulation, name)

    @property
    def account(self) -> Account:
        """The session that it has now, or had last."""
        return self.accounts[-1]

    def new_account(self) -> None:
        """The session is no more."""
        self.accounts.append(Account(f"{self.name}+{len(self.accounts)}"))

    def begin_account(self) -> None:
        """A session begins."""
        if self.account.sent or self.account.unacknowledged or self.account.id:
            self.new_account()

    def chances(self) -> Iterator[tuple[float, Callable[[], None]]]:
        yield from super().chances()
        if self.client.open and self.client.bound:
            client: Any = self.client
            yield 0.3, client.ask
            yield 0.2, client.answer
            yield 0.15, client.over  # cut
            yield 0.05, self._come_again
            if client.lazy:
                yield 0.3, client.hurry
            else:
                yield 0.1, lambda: setattr(client, "lazy", True)

    def _come_again(self) -> None:
        """Connect anew although the connection seems to live; what comes by that is not read."""
        former: Any = self.client
        former.bound = False
        former.leaving = True
        self.connect()

    def at_rest(self) -> None:
        client: Any = self.client
        client.hurry()
        super().at_rest()
        self.simulation.clock.callLater(60.0, self._ask_at_last)

    def _ask_at_last(self) -> None:
        client: Any = self.client
        client.hurry()
        if client.bound:
            client.ask()


def check_managed(
    record: Record, people: Iterable[ManagedPerson], manager: Manager, everybody: Iterable[Person]
) -> None:
    """I1 and I2 for those who manage their streams, and that nothing is left of the journal."""
    people = list(people)
    everybody = list(everybody)
    clients = [client for person in everybody for client in person.clients]
    accounts = [account for person in people for account in person.accounts]
    read = {one for each in (*clients, *accounts) for one in each.messages}
    missed = Counter(record.missed)
    unread = {one for client in clients for one in client.unread}
    for person in people:
        assert person.client.bound, f"{person.client.name} could not log in"
        for account in person.accounts:
            lost = [
                one
                for one in account.handled
                if one not in read and one not in missed and one not in unread
            ]
            assert not lost, f"lost, though handled: {lost[:5]} of {len(lost)}"
            _check_order(account)
            if not record.lossy:
                doubled = [one for one, times in missed.items() if times > 1]
                assert not doubled, f"missed twice: {doubled[:5]}"
        account = person.account
        assert not account.unacknowledged, f"{account.name}: not acknowledged"
    for session in manager.sm.sessions.values():
        managed = session.managed
        left = [] if managed is None else managed.out.items
        assert len(left) < ASK_EVERY, f"{session.jid} has {len(left)} unacknowledged stanzas"
        waiting = [one for one in left if one.name != "presence"]  # nobody is asked for that alone
        assert not waiting, f"{session.jid} has not acknowledged {waiting[:3]}"
        assert managed is None or not managed._open, f"{session.jid} has unsettled stanzas"
    assert not len(manager.sm.detached), "detached sessions"
    for name in [person.name for person in everybody]:
        found: list[Any] = []
        log = manager.store.log("journal")
        log.find(Owner(DOMAIN, name), limit=10).addCallback(found.append)
        assert not found[0].entries, f"in the journal of {name}: {found[0].entries[:2]}"


def _check_order(account: Account) -> None:
    """I2: each once, and in its sender's order."""
    repeated = [one for one, times in Counter(account.messages).items() if times > 1]
    assert not repeated, f"{account.name} got twice: {repeated[:5]}"
    numbers: dict[str, int] = defaultdict(int)
    for one in account.messages:
        sender, _, number = one.partition(":")
        assert numbers[sender] < int(number), f"{account.name} got {one} after {numbers[sender]}"
        numbers[sender] = int(number)
