"""XML namespaces, named as the RFCs and XEPs name what they stand for."""

CONTENT = ""
"""The content namespace of whatever stream a stanza travels on (RFC 6120, 4.8.2).

Inside the house a stanza carries no content namespace: `jabber:client`, `jabber:server` and
`jabber:component:accept` belong to a stream's opening tag."""

NO_NAMESPACE = "-"
"""An element with `xmlns=''`: in no namespace at all, which is not the content namespace."""

CLIENT = "jabber:client"
SERVER = "jabber:server"
COMPONENT_ACCEPT = "jabber:component:accept"
CONTENT_NAMESPACES = frozenset({CLIENT, SERVER, COMPONENT_ACCEPT})

XML = "http://www.w3.org/XML/1998/namespace"
STREAMS = "http://etherx.jabber.org/streams"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
SASL_CHANNEL_BINDING = "urn:xmpp:sasl-cb:0"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
LEGACY_SESSION = "urn:ietf:params:xml:ns:xmpp-session"
STREAM_LIMITS = "urn:xmpp:stream-limits:0"
STREAM_MANAGEMENT = "urn:xmpp:sm:3"
CLIENT_STATE = "urn:xmpp:csi:0"
PRE_APPROVAL = "urn:xmpp:features:pre-approval"
ROSTER = "jabber:iq:roster"
ROSTER_VERSIONING = "urn:xmpp:features:rosterver"

DIALBACK = "jabber:server:dialback"
DIALBACK_FEATURE = "urn:xmpp:features:dialback"
BIDI = "urn:xmpp:bidi"
BIDI_FEATURE = "urn:xmpp:features:bidi"

SESSION_PROTOCOL = "urn:xmppd:session:0"

DATA_FORMS = "jabber:x:data"
RESULT_SETS = "http://jabber.org/protocol/rsm"
DELAY = "urn:xmpp:delay"
STANZA_IDS = "urn:xmpp:sid:0"
FORWARD = "urn:xmpp:forward:0"
HINTS = "urn:xmpp:hints"
CHAT_STATES = "http://jabber.org/protocol/chatstates"
MUC = "http://jabber.org/protocol/muc"
MUC_USER = f"{MUC}#user"
DIRECT_INVITE = "jabber:x:conference"
CARBONS = "urn:xmpp:carbons:2"
RETRACT = "urn:xmpp:message-retract:1"
PING = "urn:xmpp:ping"
MAM = "urn:xmpp:mam:2"
