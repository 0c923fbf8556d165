"""RFC 3921, 3: the session request that old clients send after binding; and a second bind."""

from xmppd.component.extension import HOST, OWN_ACCOUNT, SessionExtension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import BIND, LEGACY_SESSION
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session


class SessionElements(SessionExtension):
    """RFC 3921, 3: a session is what binding made already, so asking for one does nothing."""

    after_login = (element("session", LEGACY_SESSION, None, b"<optional/>"),)

    @iq("set", LEGACY_SESSION, "session", to=OWN_ACCOUNT | HOST)
    def establish(self, request: Stanza, session: Session | None) -> Stanza:
        """RFC 3921, 3: an empty result."""
        if session is None:
            raise StanzaError("service-unavailable")
        return request.reply()

    @iq("set", BIND, "bind", to=OWN_ACCOUNT | HOST)
    def bind(self, request: Stanza, session: Session | None) -> Stanza:
        """RFC 6120, 7.6.2.2: a stream has one resource."""
        raise StanzaError("service-unavailable" if session is None else "not-allowed")
