"""A session's stay in a room as it is stored."""

from __future__ import annotations

from typing import Any, TypeAlias

from xmppd.chat.model import Affiliation, Occupancy, Occupant, Role, Stay
from xmppd.chat.nicks import is_nick
from xmppd.muc.content import StanzaContent, presence_of
from xmppd.muc.decode import person_of
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.interfaces import Raw, Row

StayRow: TypeAlias = Row[Any]


class StayCodec(JsonCodec):
    """JSON; one row that is none does not keep the others from being read."""

    def decode(self, raw: Raw) -> Any:
        """The value, None where there is none to be had."""
        try:
            return super().decode(raw)
        except ValueError:
            return None


def written(occupant: Occupant, stay: Occupancy) -> dict[str, Any]:
    """All that it takes to be inside again."""
    content = stay.presence.content
    assert isinstance(content, StanzaContent)
    return {
        "nick": occupant.nick,
        "affiliation": occupant.affiliation.name.lower(),
        "role": occupant.role.name.lower(),
        "presence": content.stanza.to_bytes().decode(),
        "since": stay.since,
    }


def inside_of(row: StayRow, domain: str) -> tuple[Jid, Jid]:
    """Whose session it is, and its address in the room. Raises ValueError."""
    value = row.value
    nick = value.get("nick") if isinstance(value, dict) else value
    if not isinstance(nick, str) or not is_nick(nick):
        raise ValueError("no nick")
    return Jid.parse(row.key), Jid.of(row.section, domain, nick)


def read(row: StayRow, domain: str) -> Stay:
    """The stay of a row. Raises ValueError.

    An older form is the nick alone: such a session shows that it is there and nothing else.
    """
    address, inside = inside_of(row, domain)
    person, nick, room = person_of(address), inside.resource, inside.bare
    value = row.value
    if not isinstance(value, dict):
        return Stay(person, nick, presence_of(Stanza.make("presence"), room), wire=address)
    try:
        presence = parse_stanza(value["presence"].encode())
        affiliation = Affiliation[value["affiliation"].upper()]
        role = Role[value["role"].upper()]
        since = value["since"]
    except (AttributeError, KeyError) as problem:
        raise ValueError(f"no {problem}") from problem
    if presence.name != "presence" or presence.type is not None:
        raise ValueError("no presence of somebody inside")
    if not isinstance(since, int):
        raise ValueError("no order")
    return Stay(person, nick, presence_of(presence, room), since, affiliation, role, address)
