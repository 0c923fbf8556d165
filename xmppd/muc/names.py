"""XML namespaces of rooms, and of what rooms must not let pass."""

from xmppd.protocol import namespaces

MUC = namespaces.MUC
MUC_USER = namespaces.MUC_USER
MUC_ADMIN = f"{MUC}#admin"
MUC_OWNER = f"{MUC}#owner"
REQUEST = f"{MUC}#request"
REGISTER_FORM = f"{MUC}#register"
ROOM_CONFIG = f"{MUC}#roomconfig"
ROOM_INFO = f"{MUC}#roominfo"
STABLE_ID = f"{MUC}#stable_id"
SELF_PING = f"{MUC}#self-ping-optimization"
REGISTER = "jabber:iq:register"
DIRECT_INVITE = namespaces.DIRECT_INVITE
OCCUPANT_ID = "urn:xmpp:occupant-id:0"
ADDRESSES = "http://jabber.org/protocol/address"
CARBONS = namespaces.CARBONS
RETRACT = namespaces.RETRACT
RETRACT_0 = "urn:xmpp:message-retract:0"
MODERATE = "urn:xmpp:message-moderate:1"
MODERATE_0 = "urn:xmpp:message-moderate:0"
FASTEN = "urn:xmpp:fasten:0"
PING = namespaces.PING
VCARD = "vcard-temp"
ESCAPING = "jid\\20escaping"
EXTRA = "urn:xmppd:rooms:0"
"""Fields of the configuration that no registry has (XEP-0068, 3.4)."""
