"""What xmppd offers to `twistd` and `twist`.

Twisted has a plugin of its own called `xmpp-router`, and of two plugins of one name nobody can
say which one wins. So there is no second one: Twisted's is pointed at ours.
"""

from twisted.application.service import ServiceMaker
from twisted.plugins.twisted_words import TwistedXMPPRouter as _router

xmpp_im = ServiceMaker(
    "xmppd instant messaging server",
    "xmppd.app.tap_im",
    "An XMPP server for instant messaging, in one process.",
    "xmpp-im",
)
xmpp_c2s = ServiceMaker(
    "xmppd client edge",
    "xmppd.app.tap_c2s",
    "Takes XMPP clients, for session managers behind a router.",
    "xmpp-c2s",
)
xmpp_sm = ServiceMaker(
    "xmppd session manager",
    "xmppd.app.tap_sm",
    "XMPP sessions and accounts, behind a router.",
    "xmpp-sm",
)
xmpp_s2s = ServiceMaker(
    "xmppd server edge",
    "xmppd.app.tap_s2s",
    "Speaks with other XMPP servers, for a router.",
    "xmpp-s2s",
)
xmpp_muc = ServiceMaker(
    "xmppd rooms",
    "xmppd.app.tap_muc",
    "XMPP multi-user chat, behind a router.",
    "xmpp-muc",
)

_router.module = "xmppd.app.tap_router"
_router.description = "Moves stanzas between XMPP components (XEP-0114)."
