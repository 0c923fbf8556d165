"""Verbs on rooms: list, make and end them, say who is what and what they are like."""

from __future__ import annotations

from typing import Any

from xmppd.app.config_words import shown, suggestion
from xmppd.app.ctl.verb import Parameter, Refused, Verb
from xmppd.chat.commands import (
    Configure,
    Destroy,
    RoleChange,
    SetRoles,
    SetStandings,
    StandingChange,
)
from xmppd.chat.model import ITSELF, Affiliation, Role
from xmppd.chat.option import Field
from xmppd.chat.outcome import Refusal
from xmppd.muc.live import LiveRoom
from xmppd.muc.service import Rooms
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.escaping import escape
from xmppd.protocol.jid import InvalidJid, Jid


async def muc_list(server: Any) -> list[dict[str, Any]]:
    """List rooms."""
    rooms: Rooms = server.rooms
    found = []
    for local, listed in sorted(rooms.listed.items()):
        live = rooms.live.get(local)
        occupants = 0 if live is None else len(live.room.occupants)
        found.append(
            {
                "room": f"{local}@{rooms.name}",
                "name": listed.name,
                "hidden": listed.hidden,
                "occupants": occupants,
            }
        )
    return found


async def muc_create(server: Any, room: str, owner: str) -> dict[str, Any]:
    """Make a room that lasts."""
    rooms: Rooms = server.rooms
    jid, account = _room(rooms, room), _account(owner)
    if await _found(rooms, jid) is not None:
        raise Refused(f"{jid} exists already")
    live = rooms.create(jid, account)
    await _do(rooms, live, Configure(ITSELF, {"persistent": True}))
    rooms.store.graves.unearth(jid.local)
    return {"room": jid, "owner": account}


async def muc_destroy(server: Any, room: str) -> dict[str, Any]:
    """End a room."""
    rooms: Rooms = server.rooms
    live = await _existing(rooms, room)
    await _do(rooms, live, Destroy(ITSELF))
    return {"room": live.jid}


async def muc_affiliation(
    server: Any, room: str, jid: str, affiliation: str | None = None
) -> dict[str, Any]:
    """Tell or change how an account stands to a room; a domain can be banned."""
    rooms: Rooms = server.rooms
    live = await _existing(rooms, room)
    account = _account(jid, domains=True)
    if affiliation is not None:
        change = StandingChange(account, _affiliation(affiliation))
        _check_owners(live, change)
        await _do(rooms, live, SetStandings(ITSELF, (change,)))
    now = live.room.affiliation(account).name.lower()
    return {"room": live.jid, "jid": account, "affiliation": now}


async def muc_affiliations(server: Any, room: str) -> list[dict[str, Any]]:
    """List who stands how to a room."""
    live = await _existing(server.rooms, room)
    rows = live.room.saved.standings.items()
    return [
        {
            "jid": account,
            "affiliation": row.affiliation.name.lower(),
            "nick": row.nick or None,
            "reason": row.reason or None,
        }
        for account, row in sorted(rows, key=lambda item: (-item[1].affiliation, item[0]))
    ]


async def muc_occupants(server: Any, room: str) -> list[dict[str, Any]]:
    """List who is inside a room."""
    live = await _existing(server.rooms, room)
    return [
        {
            "nick": occupant.nick,
            "jid": str(stay.wire),
            "affiliation": occupant.affiliation.name.lower(),
            "role": occupant.role.name.lower(),
        }
        for key, occupant in live.room.occupants.items()
        for stay in live.room.stays[key].values()
    ]


async def muc_kick(server: Any, room: str, nick: str, reason: str | None = None) -> dict[str, Any]:
    """Remove an occupant from a room."""
    rooms: Rooms = server.rooms
    live = await _existing(rooms, room)
    try:
        live.room.named(nick)
    except Refusal:
        raise Refused(f"nobody in {live.jid} has the nick {shown(nick)}") from None
    change = RoleChange(nick, Role.NONE, reason or "")
    await _do(rooms, live, SetRoles(ITSELF, (change,)))
    return {"room": live.jid, "nick": nick}


async def muc_get(server: Any, room: str, option: str | None = None) -> dict[str, Any]:
    """Tell the configuration of a room, or one option."""
    live = await _existing(server.rooms, room)
    if option is None:
        return dict(live.room.config)
    return {option: live.room.config[_field(live, option).name]}


async def muc_set(server: Any, room: str, option: str, value: str) -> dict[str, Any]:
    """Change an option of a room."""
    rooms: Rooms = server.rooms
    live = await _existing(rooms, room)
    field = _field(live, option)
    wanted = _value(field, value)
    if not field.takes(wanted):
        raise Refused(f"{option} cannot be that ({field.allowed})")
    await _do(rooms, live, Configure(ITSELF, {option: wanted}))
    return {option: live.room.config[option]}


def _check_owners(live: LiveRoom, change: StandingChange) -> None:
    rows = live.room.saved.standings.items()
    owners = [account for account, row in rows if row.affiliation is Affiliation.OWNER]
    if owners == [change.account] and change.affiliation is not Affiliation.OWNER:
        raise Refused(f"{change.account} is the only owner of {live.jid}")


def _field(live: LiveRoom, option: str) -> Field:
    found = live.room.fields.get(option)
    if found is None:
        raise Refused(f"{shown(option)} is no option ({suggestion(option, live.room.fields)})")
    return found


def _value(field: Field, text: str) -> Any:
    """What a text means for an option; where that is nothing, what no option takes."""
    if field.kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    if field.kind is int:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if field.kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _affiliation(text: str) -> Affiliation:
    try:
        return Affiliation[text.upper()]
    except KeyError:
        known = ", ".join(each.name.lower() for each in Affiliation)
        raise Refused(f"{shown(text)} is no affiliation ({known})") from None


def _room(rooms: Rooms, text: str) -> Jid:
    """The address of a room; a name alone may have spaces and the like (XEP-0106)."""
    jid = _account(text if "@" in text else f"{_escaped(text)}@{rooms.name}")
    if jid.domain != rooms.name:
        raise Refused(f"{jid} is no room of {rooms.name}")
    return jid


def _escaped(name: str) -> str:
    try:
        return escape(name)
    except ValueError as problem:
        raise Refused(f"{shown(name)}: {problem}") from None


def _account(text: str, *, domains: bool = False) -> Jid:
    try:
        jid = Jid.parse(text)
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None
    if jid.resource or not (jid.local or domains):
        raise Refused(f"{shown(text)}: write NAME@DOMAIN{' or DOMAIN' if domains else ''}")
    return jid


async def _found(rooms: Rooms, jid: Jid) -> LiveRoom | None:
    found = rooms.at(jid.local, lambda live: live)
    try:
        return found if isinstance(found, LiveRoom) or found is None else await found
    except StanzaError as problem:
        raise Refused(f"{jid} cannot be read: {problem}") from None


async def _existing(rooms: Rooms, text: str) -> LiveRoom:
    jid = _room(rooms, text)
    live = await _found(rooms, jid)
    if live is None:
        raise Refused(f"there is no room {jid}")
    return live


async def _do(rooms: Rooms, live: LiveRoom, command: Any) -> None:
    try:
        done = rooms.do(live, command)
        if done is not None:
            await done
    except StanzaError as problem:
        raise Refused(f"{live.jid}: {problem}") from None


_ROOM = Parameter("room", "jid", "The room; without a domain, of the configured one.")

VERBS = (
    Verb("muc_list", "List rooms.", muc_list, role="rooms"),
    Verb(
        "muc_create",
        "Make a room that lasts.",
        muc_create,
        (_ROOM, Parameter("owner", "jid", "The account that owns it.")),
        role="rooms",
        changes=True,
    ),
    Verb(
        "muc_destroy",
        "End a room.",
        muc_destroy,
        (_ROOM,),
        role="rooms",
        changes=True,
    ),
    Verb(
        "muc_affiliation",
        "Tell or change how an account stands to a room.",
        muc_affiliation,
        (
            _ROOM,
            Parameter("jid", "jid", "The account, or a domain to ban."),
            Parameter("affiliation", "text", "The new one.", required=False),
        ),
        role="rooms",
        changes=True,
    ),
    Verb(
        "muc_affiliations",
        "List who stands how to a room.",
        muc_affiliations,
        (_ROOM,),
        role="rooms",
    ),
    Verb("muc_occupants", "List who is inside a room.", muc_occupants, (_ROOM,), role="rooms"),
    Verb(
        "muc_kick",
        "Remove an occupant from a room.",
        muc_kick,
        (
            _ROOM,
            Parameter("nick", "text", "Who wears this nick."),
            Parameter("reason", "text", "Why; everybody in the room is told.", required=False),
        ),
        role="rooms",
        changes=True,
    ),
    Verb(
        "muc_config_get",
        "Tell the configuration of a room, or one option.",
        muc_get,
        (_ROOM, Parameter("option", "text", "The option.", required=False)),
        role="rooms",
    ),
    Verb(
        "muc_config_set",
        "Change an option of a room.",
        muc_set,
        (
            _ROOM,
            Parameter("option", "text", "The option."),
            Parameter("value", "text", "What it is to be; several with commas between."),
        ),
        role="rooms",
        changes=True,
    ),
)
