"""Verbs before a session: what an edge asks in order to authenticate a client and bind it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.component.extension import Target
from xmppd.component.session import StreamFacts, client_element, host_facts, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CLIENT
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.sasl import SaslError
from xmppd.protocol.stanza import Stanza
from xmppd.sm.answers import Answers, Last
from xmppd.sm.attempts import Attempts
from xmppd.sm.exchange import Exchange, failure
from xmppd.sm.host import Visitor
from xmppd.sm.opening import Openings

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.manager import SessionManager

TICKET_SECONDS = 600.0
EXCHANGE_SECONDS = 60.0
MOST_OF_NAME = 200
"""Characters of a name that the log holds."""


@attrs.frozen
class Ticket:
    """That a stream has authenticated as an account."""

    key: str
    host: Host
    account: Jid
    facts: StreamFacts
    timer: IDelayedCall


@attrs.frozen
class Waiting:
    """An exchange that waits for its client."""

    at: Jid
    exchange: Exchange
    timer: IDelayedCall


class Logins:
    """Exchanges and tickets under way; each ends by itself."""

    log = Logger()

    def __init__(self, manager: SessionManager) -> None:
        self.manager = manager
        self._exchanges: dict[Jid, Waiting] = {}
        self._tickets: dict[Jid, Ticket] = {}
        self._attempts = Attempts()
        self._answers = None if manager.edges.lossless else Answers(manager.clock)
        openings = Openings(self)
        self._verbs: dict[str, Callable[[Envelope, Stanza], None]] = {
            "hello": self._hello,
            "authenticate": self._authenticate,
            "before": self._before,
            "open": openings.open,
            "resume": openings.resume,
            "gone": self._gone,
        }

    def receive(self, envelope: Envelope) -> None:
        """A verb to a host, an account or an exchange."""
        if envelope.type == "error" or not envelope.items:
            return
        request = envelope.items[0]
        if self._answers is not None and envelope.id and request.name != "hello":
            known = self._answers.known(envelope)
            if known is not None:
                self._answer_again(known)
                return
        handler = self._verbs.get(request.name)
        try:
            if handler is None:
                raise ValueError(f"no such verb: {request.name}")
            handler(envelope, request)
        except ValueError:
            self.refuse(envelope, StanzaError("bad-request"))

    def _answer_again(self, known: Last) -> None:
        """A repeated request: nothing is done anew."""
        if known.answer is not None:
            self.manager.send(known.answer)

    # hello (3.1)

    def _hello(self, envelope: Envelope, request: Stanza) -> None:
        host = self.manager.host(envelope.to.domain)
        if host is None:
            self.refuse(envelope, StanzaError("item-not-found"))
            return
        before = [
            feature for extension in host.dispatch.extensions for feature in extension.before_login
        ]
        after = [
            feature for extension in host.dispatch.extensions for feature in extension.after_login
        ]
        pre = " ".join(host.dispatch.namespaces(Target.VISITOR))
        self.answer(envelope, host_facts("1", host.mechanisms, before, after, pre))

    # authenticate (3.2)

    def _authenticate(self, envelope: Envelope, request: Stanza) -> None:
        element = client_element(request)
        if element is None:
            self.refuse(envelope, StanzaError("bad-request"))
            return
        if envelope.to.domain == self.manager.name:
            exchange = self._go_on(envelope.to, envelope.sender)
        else:
            exchange = self._begin(request)
        if exchange is None:
            self.refuse(envelope, StanzaError("item-not-found"))
            return
        step = Deferred.fromCoroutine(exchange.step(element))
        step.addCallbacks(
            lambda reply: self._stepped(envelope, exchange, reply),
            lambda reason: self._step_failed(envelope, exchange, reason),
        )
        step.addErrback(self.broken, envelope)

    def _begin(self, request: Stanza) -> Exchange | None:
        host = self.manager.host(request.attrs.get("host", ""))
        if host is None:
            return None
        return Exchange(host, StreamFacts.parse(host.domain, request.element()))

    def _go_on(self, at: Jid, stream: Jid) -> Exchange | None:
        """The exchange of that address, if it is that stream's."""
        waiting = self._exchanges.get(stream)
        if waiting is None or waiting.at != at:
            return None
        del self._exchanges[stream]
        waiting.timer.cancel()
        return waiting.exchange

    def _stepped(self, envelope: Envelope, exchange: Exchange, reply: bytes) -> None:
        user, stream = exchange.user, envelope.sender
        if user is None:
            at = self.manager.new_address("x")
            self._forget(self._exchanges, stream)
            timer = self._later(EXCHANGE_SECONDS, self._exchanges, stream)
            self._exchanges[stream] = Waiting(at, exchange, timer)
            self.answer(envelope, verb("step", reply, state="more", at=at))
            return
        self._attempts.forget(stream)
        self._forget(self._tickets, stream)
        timer = self._later(TICKET_SECONDS, self._tickets, stream)
        key = secrets.token_hex(16)
        self._tickets[stream] = Ticket(key, user.host, user.jid, exchange.facts, timer)
        done = verb("step", reply, state="done", account=user.jid, ticket=key, rev="1")
        self.answer(envelope, done)

    def _later(self, seconds: float, held: dict[Jid, Any], stream: Jid) -> IDelayedCall:
        return self.manager.clock.callLater(seconds, held.pop, stream, None)

    def _forget(self, held: dict[Jid, Any], stream: Jid) -> None:
        found = held.pop(stream, None)
        if found is not None:
            found.timer.cancel()

    def _gone(self, envelope: Envelope, request: Stanza) -> None:
        """A stream ended before it had a session: of one that it was given it will not hear."""
        self._forget(self._exchanges, envelope.sender)
        self._forget(self._tickets, envelope.sender)
        self._attempts.forget(envelope.sender)
        self.over(envelope.sender)
        leg = self.manager.legs.get(envelope.sender)
        if leg is not None:
            self.manager.edges.absent(leg)

    def _step_failed(self, envelope: Envelope, exchange: Exchange, reason: Failure) -> None:
        error = reason.value
        if not isinstance(error, SaslError):
            self.log.failure("A login failed by our own fault", reason)
            error = SaslError("temporary-auth-failure")
        refused = error.condition == "not-authorized"
        last, tells = self._attempts.failed(envelope.sender, refused)
        if tells:
            self._tell_of_refusal(exchange)
        step = verb("step", failure(error), state="failed", last="true" if last else None)
        self.answer(envelope, step)

    def _tell_of_refusal(self, exchange: Exchange) -> None:
        """A line for those who watch over addresses; the name is whatever a client said."""
        self.log.info(
            "login refused: {name} at {domain} from {peer}",
            name=ascii(exchange.name[:MOST_OF_NAME]),
            domain=exchange.facts.host,
            peer=exchange.facts.peer,
        )

    # before (3.3)

    def _before(self, envelope: Envelope, request: Stanza) -> None:
        """An iq of a client that has not logged in, if an extension lets it."""
        host = self.manager.host(request.attrs.get("host", ""))
        data = request.child_bytes(CLIENT, "iq")
        if host is None or data is None:
            self.refuse(envelope, StanzaError("bad-request"))
            return
        facts = StreamFacts.parse(host.domain, request.element())
        iq = parse_stanza(data)
        answered = host.answer_before(iq, Visitor(envelope.sender, facts))

        def answer(reply: Stanza) -> None:
            self.answer(envelope, verb("after", reply.to_bytes()))

        if isinstance(answered, Stanza):
            answer(answered)
        else:
            answered.addCallback(answer).addErrback(self.broken, envelope)

    # open and resume (3.4)

    def ticket(self, envelope: Envelope, request: Stanza) -> Ticket | None:
        """The ticket that a request shows, if it is its stream's and its account's."""
        ticket = self._tickets.get(envelope.sender)
        if ticket is None or ticket.account != envelope.to:
            return None
        shown = request.attrs.get("ticket", "").encode()
        return ticket if secrets.compare_digest(ticket.key.encode(), shown) else None

    def opened(self, envelope: Envelope, item: Stanza) -> None:
        """Answer that a stream has its session."""
        if self._answers is None:
            self.bound(envelope.sender)
        self.answer(envelope, item)

    def bound(self, stream: Jid) -> None:
        """A stream has its session, and its edge knows."""
        self._forget(self._tickets, stream)

    def unheard(self, stream: Jid) -> None:
        """No answer to a stream's `open` has arrived: one that comes again is a new one."""
        self.over(stream)

    def over(self, stream: Jid) -> None:
        """A stream has gone, or will ask anew: the last answer to it is of no use."""
        if self._answers is not None:
            self._answers.forget(stream)

    # Answers

    def answer(self, envelope: Envelope, item: Stanza) -> None:
        """Answer a request."""
        self._send(envelope.answer(item))

    def refuse(self, envelope: Envelope, error: StanzaError) -> None:
        """Answer a request with an error."""
        self._send(envelope.answer(verb("refused", error.to_bytes()), type="error"))

    def _send(self, answer: Envelope) -> None:
        if self._answers is not None:
            self._answers.answered(answer)
        self.manager.send(answer)

    def broken(self, reason: Failure, envelope: Envelope) -> None:
        """Answer a request that failed by our own fault."""
        self.log.failure("A verb of an edge failed", reason)
        self.refuse(envelope, StanzaError("internal-server-error"))
