"""The two sides of XEP-0114's handshake: who listens, and who dials."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha1
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from xmppd.link.codec import LINK
from xmppd.link.owner import Owner
from xmppd.link.turn import Turn
from xmppd.link.wire import Wire
from xmppd.link.wire_settings import WireSettings
from xmppd.protocol.errors import StreamError
from xmppd.protocol.events import Event, Frame, Header, StreamOpened
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element, open_tag
from xmppd.protocol.namespaces import COMPONENT_ACCEPT, CONTENT, STREAMS
from xmppd.protocol.stanza import Stanza


def digest(stream_id: str, secret: str) -> str:
    """What proves the secret (XEP-0114, 3): SHA-1 in lower-case hexadecimal digits."""
    return sha1(f"{stream_id}{secret}".encode()).hexdigest()


class Doorkeeper(Owner, Protocol):
    """Whom a connection that was accepted asks."""

    def admit(self, wire: Wire, name: str) -> WireSettings:
        """Say how a connection under that name behaves; raises `StreamError`."""

    def attached(self, wire: Wire, attach: Stanza) -> str:
        """Take what a trusted link says of itself, give its name; raises `StreamError`."""


class Accepted(Wire):
    """The side that listens: it is told a name, and wants the secret proved.

    `choose` gives the owner that is in charge of a name, where there are several. `known` fires
    when the secret is proved, or the connection has gone.
    """

    forwards = True

    def __init__(
        self,
        owner: Doorkeeper,
        settings: WireSettings,
        turn: Turn,
        clock: IReactorTime,
        choose: Callable[[str], Doorkeeper] | None = None,
    ) -> None:
        super().__init__(owner, settings, turn, clock)
        self._doorkeeper = owner
        self._choose = choose
        self._id = ""
        self.known: Deferred[None] = Deferred()
        self.gone.addCallback(lambda _: self._is_known())

    def _is_known(self) -> None:
        if not self.known.called:
            self.known.callback(None)

    def _proved(self) -> None:
        super()._proved()
        self._is_known()

    def _our_header(self) -> bytes:
        self._opened = True
        self._id = secrets.token_hex(16)
        attributes = {"id": self._id, "from": self.name or "router", "xmlns:stream": STREAMS}
        return f"{open_tag('stream:stream', attributes, COMPONENT_ACCEPT)}>".encode()

    def _header_event(self, event: Event) -> None:
        if not isinstance(event, StreamOpened):
            self._end_event(event)
            return
        self._header = event.header
        self._claimed = name = _name_of(event.header)
        if self._choose is not None:
            self.owner = self._doorkeeper = self._choose(name)
        self.settings = self._doorkeeper.admit(self, name)
        self.name = name
        self._write(self._our_header())
        self._handle = self._handshake_event

    def _handshake_event(self, event: Event) -> None:
        if not isinstance(event, Stanza):
            self._end_event(event)
            return
        if event.ns != CONTENT or event.name != "handshake":
            raise StreamError("not-authorized", "a handshake is due")
        self._check(str(event.element()).strip().encode())
        self._write(b"<handshake/>")
        self._proved()
        if self.settings.trusted:
            self._handle = self._attach_event
        else:
            self._up()

    def _check(self, shown: bytes) -> None:
        """Whoever that is has to have the certificate, the secret, or where asked for both."""
        secret, vouches = self.settings.secret, self.settings.vouches
        if vouches is not None and not vouches(self._transport):
            raise StreamError("not-authorized", "wrong certificate")
        if secret is None and vouches is None:
            raise StreamError("not-authorized", "no proof would do")
        if secret is not None and not hmac.compare_digest(shown, digest(self._id, secret).encode()):
            raise StreamError("not-authorized", "wrong secret")

    def _attach_event(self, event: Event) -> None:
        """A trusted link says what it is: the first thing after the handshake."""
        if not isinstance(event, Frame | Stanza):
            self._end_event(event)
            return
        items = event.items if isinstance(event, Frame) else ()
        if len(items) != 1 or items[0].ns != LINK or items[0].name != "attach":
            raise StreamError("not-authorized", "an attach is due")
        self.name = self._doorkeeper.attached(self, items[0])
        self._up()


class Dialed(Wire):
    """The side that dials: it says its name and proves the secret.

    `attach` is what a trusted link says of itself.
    """

    def __init__(
        self,
        owner: Owner,
        name: str,
        settings: WireSettings,
        turn: Turn,
        clock: IReactorTime,
        attach: bytes = b"",
        forwards: bool = False,
    ) -> None:
        super().__init__(owner, settings, turn, clock)
        self.name = name
        self.forwards = forwards
        self._attach = attach

    def connectionMade(self) -> None:
        """The header comes from who dials."""
        self._write(self._our_header())

    def _our_header(self) -> bytes:
        self._opened = True
        attributes = {"to": self.name, "xmlns:stream": STREAMS}
        return f"{open_tag('stream:stream', attributes, COMPONENT_ACCEPT)}>".encode()

    def _header_event(self, event: Event) -> None:
        if not isinstance(event, StreamOpened):
            self._end_event(event)
            return
        self._header = event.header
        if event.header.content != COMPONENT_ACCEPT:
            raise StreamError("invalid-namespace")
        proof = digest(event.header.attrs.get("id", ""), self.settings.secret or "")
        self._write(element("handshake", None, None, proof))
        self._handle = self._handshake_event

    def _handshake_event(self, event: Event) -> None:
        if not isinstance(event, Stanza):
            self._end_event(event)
            return
        if event.ns != CONTENT or event.name != "handshake":
            self._odd(event)
            return
        self._proved()
        if self._attach:
            self._write(self._attach)
        self._up()


def _name_of(header: Header) -> str:
    """Whom the dialing side wants to be; raises StreamError (RFC 6120, 4.9.3)."""
    if header.namespace != STREAMS:
        raise StreamError("invalid-namespace")
    if header.name != "stream":
        raise StreamError("bad-format", "the root element is not a stream")
    if header.content != COMPONENT_ACCEPT:
        raise StreamError("invalid-namespace", f"the content namespace is {COMPONENT_ACCEPT}")
    try:
        name = Jid.parse(header.attrs.get("to", ""))
    except InvalidJid:
        raise StreamError("host-unknown") from None
    if name.local or name.resource:
        raise StreamError("host-unknown")
    return name
