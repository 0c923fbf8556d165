"""Pings to the server."""

from xmppd.component.extension import HOST, OWN_ACCOUNT, Extension, iq
from xmppd.protocol.namespaces import PING
from xmppd.protocol.stanza import Stanza


class Ping(Extension):
    """XEP-0199: answer pings (4.2, 4.3) to a host or to the sender's own account.

    The account of somebody else looks as if it did not exist: service-unavailable.
    """

    xep = 199, "2.0.1"
    features = (PING,)
    account_features = (PING,)

    @iq("get", PING, "ping", to=HOST | OWN_ACCOUNT)
    def pong(self, request: Stanza) -> Stanza:
        """An empty result."""
        return request.reply()
