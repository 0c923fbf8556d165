"""Words of which stanzas to rooms are made: right ones and odd ones."""

from xml.etree.ElementTree import Element

from tests.chat.histories import ACCOUNTS, VALUES
from xmppd.muc import names
from xmppd.protocol.namespaces import CLIENT, DATA_FORMS, MAM, STANZA_IDS

SERVICE = "rooms.example.com"
ROOMS = [f"{name}@{SERVICE}" for name in ("cave", "den", "pit")]
SESSIONS = [f"{account}/{session}" for account in ACCOUNTS for session in ("x", "y")]
WORN = ["ann", "bob", "cyd", "dan", "eve", "fay"]
AFFILIATIONS = ("outcast", "none", "member", "admin", "owner")
ROLES = ("none", "visitor", "participant", "moderator")

RSM = "http://jabber.org/protocol/rsm"
DISCO = "http://jabber.org/protocol/disco#"
ODD = (
    "", " ", "\n", "0", "-1", "1", "true", "99999999999999999999", "2002-09-10T23:08:25Z",
    "x" * 2_000,
    "\u3164", "\u202e\U0001f600", "&<>'\"]]>", "a@b@c", "@", "/", "a@/", SERVICE, f"@{SERVICE}/x",
    f"{ROOMS[0]}/ann", "a.test", "x@y.test", "none", "get", "error", "groupchat",
    "unavailable", "http://",
    "cancel", "submit", "result", "-", "\xe9", "e\u0301", "%s", "{}", "None", "xmpp:x", CLIENT,
)  # fmt: skip
NAMESPACES = (
    names.MUC, names.MUC_USER, names.MUC_ADMIN, names.MUC_OWNER, names.REGISTER, names.RETRACT,
    names.MODERATE, names.FASTEN, names.DIRECT_INVITE, names.OCCUPANT_ID, names.VCARD, names.PING,
    CLIENT, DATA_FORMS, MAM, RSM, STANZA_IDS, f"{DISCO}info", f"{DISCO}items", "urn:x",
    "jabber:server",
)  # fmt: skip
NAMES = (
    "x", "query", "item", "body", "subject", "thread", "error", "reason", "password", "history",
    "invite", "decline", "destroy", "field", "value", "set", "status", "retract", "moderate",
    "show",
    "priority", "vCard", "ping", "remove", "username", "nick", "max", "before", "actor", "continue",
)  # fmt: skip
FIELDS = {
    names.ROOM_CONFIG: [
        *(f"muc#roomconfig_{name}" for name in (
            "roomname", "persistentroom", "membersonly", "moderatedroom", "passwordprotectedroom",
            "roomsecret", "maxusers", "whois", "presencebroadcast", "allowpm", "changesubject",
            "allowinvites", "publicroom", "enablearchiving", "enablelogging", "roomadmins",
            "roomowners", "getmemberlist", "lang",
        )),
        "muc#maxhistoryfetch",
        *(f"{{{names.EXTRA}}}{name}" for name in VALUES),
    ],
    names.REQUEST: ["muc#role", "muc#jid", "muc#roomnick", "muc#request_allow"],
    names.REGISTER_FORM: ["muc#register_roomnick", "muc#register_jid", "muc#register_allow"],
    MAM: ["with", "start", "end", "before-id", "after-id", "ids", "include-groupchat"],
}  # fmt: skip


def el(
    name: str, ns: str, attributes: dict[str, str | None] | None = None, *content: Element | str
) -> Element:
    """An element; attributes of None are left out."""
    made = Element(f"{{{ns}}}{name}")
    for key, value in (attributes or {}).items():
        if value is not None:
            made.set(key, value)
    for child in content:
        if isinstance(child, str):
            made.text = child
        else:
            made.append(child)
    return made
