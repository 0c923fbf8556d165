"""SASL between a client and the session manager that has its account (session protocol, 3.2).

The elements pass verbatim. The edge refuses what the stream was not offered, and looks at a first
message only to find whom to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall

from xmppd.c2s.requests import said
from xmppd.component.session import verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.mechanisms import account_named
from xmppd.protocol.namespaces import SASL, SESSION_PROTOCOL
from xmppd.protocol.sasl import Condition, SaslError, decode
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.c2s.negotiation import Negotiation

MAX_FAILURES = 5
"""Failed attempts after which a stream is closed (RFC 6120, 6.4.5)."""
LONGEST_DELAY = 30.0
"""Seconds that a session manager may have a failure held back."""


def sasl_failure(condition: Condition) -> bytes:
    """A `<failure/>` (RFC 6120, 6.5)."""
    return element("failure", SASL, None, element(condition))


class Login:
    """The exchanges of one stream, one after the other.

    `tried` says that a session manager has heard of this stream.
    """

    __slots__ = ("_exchange", "_failures", "_mechanism", "_negotiation", "_timer", "tried")

    def __init__(self, negotiation: Negotiation) -> None:
        self._negotiation = negotiation
        self._mechanism = ""  # begun without a first message
        self._exchange: Jid | None = None
        self._failures = 0
        self._timer: IDelayedCall | None = None
        self.tried = False

    @property
    def begun(self) -> bool:
        """Whether an exchange is under way."""
        return bool(self._mechanism) or self._exchange is not None

    def receive(self, item: Stanza) -> None:
        """Take a SASL element of the client."""
        if item.name == "auth":
            self._auth(item)
        elif item.name == "response":
            self._response(item)
        elif item.name == "abort":
            self._abort(item)
        else:
            self._negotiation.connection.fail(StreamError("unsupported-stanza-type"))

    def end(self) -> None:
        """Forget a failure that waits to be written."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # What the client says

    def _auth(self, item: Stanza) -> None:
        connection = self._negotiation.connection
        mechanism = item.attrs.get("mechanism", "")
        if self.begun:
            self.refuse(sasl_failure("malformed-request"))
        elif mechanism not in self._negotiation.mechanisms:
            self.refuse(sasl_failure("invalid-mechanism"))
        elif not connection.edge.addresses.tried(connection.key):
            self.refuse(sasl_failure("temporary-auth-failure"))
        elif not item.inner:
            self._mechanism = mechanism
            connection.write(element("challenge", SASL))
            self._negotiation.read_on()
        else:
            self._begin(mechanism, item)

    def _response(self, item: Stanza) -> None:
        if self._mechanism:
            mechanism, self._mechanism = self._mechanism, ""
            first = Stanza(SASL, "auth", {"mechanism": mechanism}, item.inner or b"=")
            self._begin(mechanism, first)
        elif self._exchange is not None:
            self._ask(self._exchange, verb("authenticate", item.to_bytes()))
        else:
            self.refuse(sasl_failure("malformed-request"))

    def _abort(self, item: Stanza) -> None:
        if self._exchange is not None:
            self._ask(self._exchange, verb("authenticate", item.to_bytes()))
        else:
            self.refuse(sasl_failure("aborted"))

    def _begin(self, mechanism: str, first: Stanza) -> None:
        negotiation = self._negotiation
        host = negotiation.host
        facts = negotiation.facts
        assert facts is not None
        to = account_in(mechanism, first, host)
        content = negotiation.stream_facts().to_xml() + first.to_bytes()
        self._ask(to, verb("authenticate", content, host=host, rev=facts.rev))

    def _ask(self, to: Jid, item: Stanza) -> None:
        self.tried = True
        self._exchange = None
        self._negotiation.ask(to, item, self._stepped)

    # What the session manager says

    def _stepped(self, answer: Envelope | None) -> None:
        step = said(answer)
        state = "" if step is None else step.attrs.get("state", "")
        if step is None or state not in ("more", "done", "failed"):
            self.refuse(sasl_failure("temporary-auth-failure"))
            return
        negotiation = self._negotiation
        negotiation.connection.edge.hosts.learned(negotiation.host, step.attrs.get("rev"))
        data = carried_bytes(step)
        if state == "failed":
            self._failed(step, data)
            return
        negotiation.connection.write(data)
        if state == "more":
            self._exchange = Jid.parse(step.attrs["at"])
            negotiation.read_on()
        else:
            account, ticket = step.attrs["account"], step.attrs["ticket"]
            negotiation.authenticated(Jid.parse(account), ticket)

    def _failed(self, step: Stanza, data: bytes) -> None:
        last = step.attrs.get("last") == "true"
        delay = _seconds(step.attrs.get("delay", ""))
        if not delay:
            self.refuse(data, last)
            return
        self._negotiation.wait()
        clock = self._negotiation.connection.edge.clock
        self._timer = clock.callLater(delay, self._refuse_late, data, last)

    def _refuse_late(self, data: bytes, last: bool) -> None:
        self._timer = None
        self.refuse(data, last)
        self._negotiation.go_on()

    def refuse(self, failure: bytes, last: bool = False) -> None:
        """Write a `<failure/>`; after the last one that is allowed the stream ends."""
        connection = self._negotiation.connection
        self._mechanism, self._exchange = "", None
        self._failures += 1
        connection.write(failure)
        if last or self._failures >= MAX_FAILURES:
            connection.fail(StreamError("policy-violation", "too many failed logins"))
        else:
            self._negotiation.read_on()


def account_in(mechanism: str, first: Stanza, host: Jid) -> Jid:
    """Whom a first message names, as far as that is an account of the host; else the host.

    To the host goes what will be refused: its answer tells nothing of who exists.
    """
    try:
        named = Jid.parse(account_named(mechanism, decode(first.own_text()), host))
    except (SaslError, InvalidJid):
        return host
    return named.bare if named.local and named.domain == host else host


def carried_bytes(step: Stanza) -> bytes:
    """The element of another namespace that a verb carries, as it stands."""
    for ns, _, start, stop in step.children:
        if ns != SESSION_PROTOCOL:
            return step.inner[start:stop]
    return b""


def _seconds(text: str) -> float:
    try:
        return min(max(float(text), 0.0), LONGEST_DELAY)
    except ValueError:
        return 0.0
