"""SASL EXTERNAL on a stream that another server has opened (XEP-0178, 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xmppd.protocol import sasl
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.s2s.incoming import Incoming

FAILURES: Final = 5
"""So many failures of SASL end a stream (RFC 6120, 6.4.5)."""


class External:
    """What the other server has a certificate for.

    `is_offered`: that certificate would do; `is_done`: it has made use of it.
    """

    def __init__(self, stream: Incoming) -> None:
        self.is_offered = self.is_done = False
        self._stream = stream
        self._failures = 0

    def receive(self, item: Stanza) -> None:
        """Take an element of SASL. Raises StreamError."""
        try:
            self._authenticate(item)
        except sasl.SaslError as error:
            self._failures += 1
            self._stream.write(element("failure", SASL, None, element(error.condition)))
            if self._failures >= FAILURES:
                raise StreamError("policy-violation", "too many failures") from None
            self._stream.read_on()

    def _authenticate(self, item: Stanza) -> None:
        stream = self._stream
        if not stream.is_secure:
            raise sasl.SaslError("encryption-required")
        if item.name == "abort":
            raise sasl.SaslError("aborted")
        if item.name != "auth":
            raise sasl.SaslError("malformed-request")
        peer = stream.stream.peer
        if item.attrs.get("mechanism") != "EXTERNAL" or not self.is_offered:
            raise sasl.SaslError("invalid-mechanism")
        assert peer is not None
        if not _is_named(sasl.decode(item.own_text()), peer):
            raise sasl.SaslError("invalid-authzid")
        self.is_done = True
        stream.authenticated()


def _is_named(authzid: bytes, peer: Jid) -> bool:
    """Whether an authorization identity is that server; none stands for the one that speaks."""
    try:
        return not authzid or Jid.parse(authzid.decode()) == peer
    except (InvalidJid, UnicodeDecodeError):
        return False
