"""Lists of roles and affiliations, read and changed (XEP-0045, 8 to 10; muc#admin)."""

from __future__ import annotations

from typing import TypeVar

from twisted.words.xish.domish import Element

from xmppd.chat.commands import RoleChange, SetRoles, SetStandings, StandingChange
from xmppd.chat.model import Affiliation, Occupant, Person, Role, Standing
from xmppd.chat.outcome import Refused
from xmppd.chat.room import Room
from xmppd.muc import names
from xmppd.muc.decode import nick_of
from xmppd.muc.reasons import reason_of
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

MOST_ITEMS = 100
"""Changes in one request."""

Kind = TypeVar("Kind", Role, Affiliation)


def read_list(room: Room, person: Person, request: Stanza) -> bytes | Refused:
    """The items of the list that a request names."""
    item, *more = _items(request)
    role, affiliation = item.getAttribute("role"), item.getAttribute("affiliation")
    if more or (role is None) == (affiliation is None):
        raise StanzaError("bad-request")
    if affiliation is not None:
        standings = room.standings(person, _value(Affiliation, affiliation))
        if isinstance(standings, Refused):
            return standings
        return _query(_standing(account, row) for account, row in standings.items())
    occupants = room.having(person, _value(Role, role))
    if isinstance(occupants, Refused):
        return occupants
    return _query(map(_occupant, occupants))


def changes(room: Room, person: Person, request: Stanza) -> SetRoles | SetStandings:
    """What a request changes. Raises `StanzaError`: all of one kind, or nothing at all."""
    items = _items(request)
    by_role = [item.hasAttribute("role") for item in items]
    by_affiliation = [item.hasAttribute("affiliation") for item in items]
    if len(items) > MOST_ITEMS:
        raise StanzaError("bad-request", f"at most {MOST_ITEMS} at once")
    if any(map(bool.__eq__, by_role, by_affiliation)):
        raise StanzaError("bad-request")
    if all(by_role):
        return SetRoles(person, tuple(map(_role_change, items)))
    if any(by_role):
        raise StanzaError("bad-request", "either roles or affiliations")
    return SetStandings(person, tuple(_standing_change(room, item) for item in items))


def _items(request: Stanza) -> list[Element]:
    query = request.child(names.MUC_ADMIN, "query")
    assert query is not None
    items = [child for child in query.elements() if child.name == "item"]
    if not items:
        raise StanzaError("bad-request")
    return items


def _value(kind: type[Kind], text: str | None) -> Kind:
    try:
        return kind[(text or "").upper()]
    except KeyError:
        raise StanzaError("bad-request") from None


def _role_change(item: Element) -> RoleChange:
    nick = item.getAttribute("nick")
    if nick is None:
        raise StanzaError("bad-request")
    return RoleChange(nick, _value(Role, item.getAttribute("role")), reason_of(item))


def _standing_change(room: Room, item: Element) -> StandingChange:
    jid, nick = item.getAttribute("jid"), item.getAttribute("nick")
    affiliation = _value(Affiliation, item.getAttribute("affiliation"))
    if jid is not None:
        worn = None if nick is None else nick_of(nick)
        return StandingChange(_bare(jid), affiliation, worn, reason_of(item))
    if nick is None:
        raise StanzaError("bad-request")
    return StandingChange(room.named(nick).account, affiliation, None, reason_of(item))


def _bare(text: str) -> Jid:
    try:
        return Jid.parse(text).bare
    except InvalidJid:
        raise StanzaError("jid-malformed") from None


def _query(items: object) -> bytes:
    return element("query", names.MUC_ADMIN, None, *items)  # type: ignore[misc]


def _standing(account: str, row: Standing) -> bytes:
    reason = [element("reason", None, None, row.reason)] if row.reason else []
    return element(
        "item",
        None,
        {"affiliation": row.affiliation.name.lower(), "jid": account, "nick": row.nick or None},
        *reason,
    )


def _occupant(occupant: Occupant) -> bytes:
    return element(
        "item",
        None,
        {
            "affiliation": occupant.affiliation.name.lower(),
            "jid": str(occupant.shown.wire),
            "nick": occupant.nick,
            "role": occupant.role.name.lower(),
        },
    )
