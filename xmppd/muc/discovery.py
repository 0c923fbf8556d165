"""What service discovery says of a service of rooms and of its rooms (XEP-0045, 6)."""

from __future__ import annotations

from xmppd.chat.model import Affiliation, Person
from xmppd.chat.rights import Right
from xmppd.chat.room import Room
from xmppd.component.archive import MAM_EXTENDED
from xmppd.component.discovery import DISCO_INFO, DISCO_ITEMS, Identity, Info, Item
from xmppd.muc import names
from xmppd.muc.directory import Directory
from xmppd.muc.roominfo import info_form
from xmppd.protocol.escaping import unescape
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import MAM, RESULT_SETS, STANZA_IDS
from xmppd.protocol.paging import PageRequest, page_xml
from xmppd.protocol.stanza import Stanza

PAGE, MOST = 100, 1_000
"""Rooms in one answer: where a page is asked for without a size, and at most."""

RESERVED_NICK = "x-roomuser-item"
TRAFFIC = f"{names.MUC}#traffic"

SERVICE_FEATURES = (
    DISCO_INFO,
    DISCO_ITEMS,
    names.MUC,
    names.STABLE_ID,
    names.VCARD,
    names.ESCAPING,
    names.OCCUPANT_ID,
    RESULT_SETS,
    names.PING,
)


def service_info(name: str) -> Info:
    """The service itself."""
    return Info((Identity("conference", "text", name),), SERVICE_FEATURES)


def room_info(room: Room, name: str, person: Person) -> Info:
    """A room as somebody may know it: its features and the form of XEP-0045, 6.4."""
    config = room.config
    features = [
        DISCO_INFO,
        DISCO_ITEMS,
        names.MUC,
        names.STABLE_ID,
        names.VCARD,
        names.SELF_PING,
        names.OCCUPANT_ID,
        names.PING,
        STANZA_IDS,
        names.ROOM_CONFIG,
        names.ROOM_INFO,
        "muc_hidden" if config["hidden"] else "muc_public",
        "muc_persistent" if config["persistent"] else "muc_temporary",
        "muc_membersonly" if room.closed else "muc_open",
        "muc_moderated" if room.needs[Right.HAVE_VOICE] > Affiliation.NONE else "muc_unmoderated",
        "muc_passwordprotected" if config["password"] else "muc_unsecured",
        "muc_nonanonymous" if room.open else "muc_semianonymous",
    ]
    if room.remembers:
        features += [names.MODERATE, names.RETRACT]
    if room.archived:
        features += [MAM, MAM_EXTENDED, f"{names.RETRACT}#tombstone"]
    if config["registration"] != "off":
        features += [names.REGISTER, names.REGISTER_FORM]
    if config["voice_requests"]:
        features += [names.REQUEST]
    identity = Identity("conference", "text", config["name"] or unescape(name))
    return Info((identity,), tuple(features), (info_form(room, person),))


def reserved_nick(room: Room, person: Person) -> Info:
    """The nick that somebody has reserved (XEP-0045, 7.12); without one, nothing."""
    standing = room.saved.standings.get(person.account)
    nick = "" if standing is None else standing.nick
    return Info((Identity("conference", "text", nick),) if nick else (), ())


def room_items(room: Room, person: Person, jid: Jid) -> list[Item]:
    """Who is inside, for those inside a room where everybody is known anyway."""
    asker = room.occupant(person)
    if asker is None or not room.open:
        return []
    return [Item(jid.with_resource(each.nick)) for each in (*room.visible_to(asker), asker)]


def service_items(request: Stanza, rooms: Directory, domain: str) -> bytes:
    """The rooms that are listed, or a page of them (XEP-0059).

    Raises ValueError where the page asked for cannot be.
    """
    query = request.child(DISCO_ITEMS, "query")
    assert query is not None
    asked = next((child for child in query.elements() if child.name == "set"), None)
    wanted = PageRequest() if asked is None else PageRequest.parse(asked)
    size = MOST if asked is None else wanted.limit(PAGE, MOST)
    page, start = rooms.page(wanted, size)
    described = b""
    if asked is not None or rooms.public > MOST:
        first, last = (page[0], page[-1]) if page else (None, None)
        described = page_xml(first, last, rooms.public, start)
    items = [
        Item(Jid.of(local, domain), None, rooms[local].name or unescape(local)).to_xml()
        for local in page
    ]
    return element("query", DISCO_ITEMS, None, *items, described)
