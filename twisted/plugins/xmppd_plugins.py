"""What xmppd offers to `twistd` and `twist`."""

from twisted.application.service import ServiceMaker

xmpp_im = ServiceMaker(
    "xmppd instant messaging server",
    "xmppd.app.tap_im",
    "An XMPP server for instant messaging, in one process.",
    "xmpp-im",
)
