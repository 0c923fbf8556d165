"""Components of people's own: a domain and what happens to the stanzas sent there.

    class Echo(Component):
        identities = (Identity("client", "bot", "Echo"),)

        def message(self, message: Stanza) -> None:
            self.send(message.readdressed(message.sender, message.to))

The same class runs in the process of a router (`router.link([name])`) and over the wire
(`Dialer`): `attach` takes either link.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.component.discovery import (
    DISCO_INFO,
    DISCO_ITEMS,
    Identity,
    Info,
    Item,
    items_answer,
    node_of,
)
from xmppd.component.dispatch import Handler, Handlers, answer_to
from xmppd.component.extension import ACCOUNT, HOST, iq
from xmppd.component.requests import Requests
from xmppd.link.custodian import Custodian
from xmppd.link.link import Item as Routed
from xmppd.link.link import Link
from xmppd.link.receipts import is_counted
from xmppd.link.router import answers_error
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT, PING
from xmppd.protocol.stanza import Stanza

ANSWERED: Final = Stanza.make("iq", type="result")
"""What a handler gives that has sent the answer itself, in the midst of what else it tells."""


class Component:
    """Serves one domain. Subclasses say how.

    `identities` and `features` are what disco#info says of the domain (XEP-0030). Methods marked
    with `iq(...)` handle requests: those to the domain itself (`to=HOST`), to addresses with a
    localpart (`to=ACCOUNT`), or to both; each may be a coroutine. Other requests are answered
    with service-unavailable, whatever fails with internal-server-error, and errors never.

    :param name: the domain. Raises `InvalidJid` where it is none.
    :param clock: the reactor, or another clock in tests; answers are awaited by it.
    """

    log = Logger()

    identities: ClassVar[tuple[Identity, ...]] = (Identity("component", "generic"),)
    features: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, clock: IReactorTime) -> None:
        self.jid = Jid.of("", name)
        self.name = self.jid.domain
        self._requests = Requests(self.send, clock)
        self._handlers = Handlers()
        self._handlers.add(self)
        self._link: Link | None = None
        self._clock = clock
        self._custodian: Custodian | None = None

    # What subclasses may say

    def message(self, message: Stanza) -> Awaitable[object] | None:
        """Take a message to the domain or one of its addresses; never an error.

        May be a coroutine. `StanzaError` raised here answers the message, as it does here where
        nothing is said: nobody takes messages.
        """
        raise StanzaError("service-unavailable")

    def presence(self, presence: Stanza) -> Awaitable[object] | None:
        """Take presence of any type but error; unless overridden nothing happens."""
        return None

    def bounced(self, error: Stanza) -> Awaitable[object] | None:
        """Take an error: to a message or presence of ours, or to an iq that nobody waits for."""
        return None

    def info(self, jid: Jid, node: str | None) -> Awaitable[Info | None] | Info | None:
        """What an address of ours, or a node of it, is; None: there is no such thing."""
        if jid != self.jid or node is not None:
            return None
        return Info(self.identities, (DISCO_INFO, DISCO_ITEMS, PING, *self.features))

    def items(
        self, jid: Jid, node: str | None
    ) -> Awaitable[Iterable[Item] | None] | Iterable[Item] | None:
        """What belongs to an address of ours, or to a node of it; None: there is no such thing."""
        return () if jid == self.jid and node is None else None

    def refused(self, stanza: Stanza, error: StanzaError) -> Stanza:
        """The answer to a message or presence that is refused."""
        return stanza.error(error)

    # Talking

    def attach(self, link: Link) -> None:
        """Serve the domain by this link from now on, such as `router.link([self.name])`."""
        link.receiver = self.receive
        self._link = link
        self._custodian = Custodian(self.jid, link.send, self._clock, self._take_counted)

    def close(self) -> None:
        """End the link; what was sent before still arrives, but no more answers."""
        if self._link is not None:
            self._link.close()
            self._link = None
            self._requests.give_up()

    def send(self, stanza: Stanza) -> None:
        """Send a stanza; it is from the domain itself unless it says from whom.

        Raises RuntimeError where no link is attached.
        """
        if self._link is None:
            raise RuntimeError(f"{self.name} has no link")
        self._link.send(self._signed(stanza))

    def ask(self, request: Stanza, timeout: float = 30.0) -> Deferred[Stanza]:
        """Send an iq get or set and wait for the result, `timeout` seconds at most.

        Fails with `StanzaError`: the answer's, or remote-server-timeout; see `Requests.ask`.
        """
        return self._requests.ask(self._signed(request), timeout)

    def _signed(self, stanza: Stanza) -> Stanza:
        return stanza if "from" in stanza.attrs else stanza.readdressed(None, self.jid)

    # What comes

    def receive(self, item: Routed) -> None:
        """Take what the link brings: the stanzas that can be answered."""
        if not isinstance(item, Stanza):
            if self._custodian is not None and is_counted(item):
                self._custodian.came(item)
            return
        if item.ns != CONTENT or item.sender is None:
            return
        if item.name == "iq":
            self._take_iq(item)
        elif item.type == "error":
            self._take(self.bounced, item)
        elif item.name == "message":
            self._take(self.message, item)
        elif item.name == "presence":
            self._take(self.presence, item)

    def _take_counted(self, message: Stanza) -> Deferred[object]:
        return self._take(self.bounced if message.type == "error" else self.message, message)

    def _take(self, hook: Callable[[Stanza], object], stanza: Stanza) -> Deferred[object]:
        return maybeDeferred(hook, stanza).addErrback(self._refuse, stanza)

    def _refuse(self, failure: Failure, stanza: Stanza) -> None:
        error = failure.value
        if not isinstance(error, StanzaError):
            self.log.failure("{name} failed at {stanza}", failure, name=self.name, stanza=stanza)
            error = StanzaError("internal-server-error")
        if answers_error(stanza):
            self._send_late(self.refused(stanza, error))

    def _take_iq(self, iq: Stanza) -> None:
        if iq.type in ("get", "set"):
            self._answer(iq)
        elif iq.type not in ("result", "error"):
            self.send(iq.error("bad-request"))
        elif not self._requests.answered(iq) and iq.type == "error":
            self._take(self.bounced, iq)

    def _answer(self, request: Stanza) -> None:
        if len(request.children) != 1:  # RFC 6120, 8.2.3
            self.send(request.error("bad-request"))
            return
        handler = self._handler(request)
        if handler is None:
            self.send(request.error("service-unavailable"))
            return
        answer = answer_to(request, handler, None, lambda: self._failed(request))
        if isinstance(answer, Stanza):
            self._send_late(answer)
        else:
            answer.addCallback(self._send_late)

    def _send_late(self, answer: Stanza) -> None:
        """Send an answer, for which it is too late where the link has been closed meanwhile."""
        if self._link is not None and answer is not ANSWERED:
            self.send(answer)

    def _handler(self, request: Stanza) -> Handler | None:
        target = ACCOUNT if request.to is not None and request.to.local else HOST
        return self._handlers.find(target, request)

    def _failed(self, request: Stanza) -> None:
        self.log.failure("{name} failed at {request}", name=self.name, request=request)

    # What every component answers

    @iq("get", PING, "ping", to=HOST)
    def pong(self, request: Stanza) -> Stanza | Awaitable[Stanza]:
        """XEP-0199: an empty result."""
        return request.reply()

    @iq("get", DISCO_INFO, "query", to=HOST | ACCOUNT)
    async def _answer_info(self, request: Stanza) -> Stanza:
        node = node_of(request)
        found = self.info(request.to or self.jid, node)
        info = await found if isinstance(found, Awaitable) else found
        if info is None:
            raise _unknown(node)
        return info.answer(request)

    @iq("get", DISCO_ITEMS, "query", to=HOST | ACCOUNT)
    async def _answer_items(self, request: Stanza) -> Stanza:
        node = node_of(request)
        found = self.items(request.to or self.jid, node)
        items = await found if isinstance(found, Awaitable) else found
        if items is None:
            raise _unknown(node)
        return items_answer(request, items)


def _unknown(node: str | None) -> StanzaError:
    """What XEP-0030, 8 says of nodes and of accounts that are not there."""
    return StanzaError("service-unavailable" if node is None else "item-not-found")
