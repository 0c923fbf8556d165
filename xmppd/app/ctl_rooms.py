"""Verbs on rooms: list, make and end them, say who is what."""

from __future__ import annotations

from typing import Any

from xmppd.app.config_words import shown
from xmppd.app.ctl_verb import Refused
from xmppd.chat.commands import Configure, Destroy, SetStandings, StandingChange
from xmppd.chat.model import Affiliation, Person
from xmppd.muc.live import LiveRoom
from xmppd.muc.service import Rooms
from xmppd.protocol.errors import StanzaError
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
    await _do(rooms, live, Configure(Person(account), {"persistent": True}))
    return {"room": jid, "owner": account}


async def muc_destroy(server: Any, room: str) -> dict[str, Any]:
    """End a room."""
    rooms: Rooms = server.rooms
    live = await _existing(rooms, room)
    await _do(rooms, live, Destroy(_owner(live)))
    return {"room": live.jid}


async def muc_affiliation(
    server: Any, room: str, jid: str, affiliation: str | None = None
) -> dict[str, Any]:
    """Tell or change how an account stands to a room."""
    rooms: Rooms = server.rooms
    live = await _existing(rooms, room)
    account = _account(jid)
    if affiliation is not None:
        change = StandingChange(account, _affiliation(affiliation))
        await _do(rooms, live, SetStandings(_owner(live), (change,)))
    now = live.room.affiliation(account).name.lower()
    return {"room": live.jid, "jid": account, "affiliation": now}


def _affiliation(text: str) -> Affiliation:
    try:
        return Affiliation[text.upper()]
    except KeyError:
        known = ", ".join(each.name.lower() for each in Affiliation)
        raise Refused(f"{shown(text)} is no affiliation ({known})") from None


def _owner(live: LiveRoom) -> Person:
    """Somebody who may do everything; administrators act in their name."""
    standings = live.room.saved.standings.items()
    return next(Person(jid) for jid, row in standings if row.affiliation is Affiliation.OWNER)


def _room(rooms: Rooms, text: str) -> Jid:
    jid = _account(text if "@" in text else f"{text}@{rooms.name}")
    if jid.domain != rooms.name:
        raise Refused(f"{jid} is no room of {rooms.name}")
    return jid


def _account(text: str) -> Jid:
    try:
        jid = Jid.parse(text)
    except InvalidJid as problem:
        raise Refused(f"{shown(text)}: {problem}") from None
    if not jid.local or jid.resource:
        raise Refused(f"{shown(text)}: write NAME@DOMAIN")
    return jid


async def _found(rooms: Rooms, jid: Jid) -> LiveRoom | None:
    found = rooms.at(jid.local, lambda live: live)
    return found if isinstance(found, LiveRoom) or found is None else await found


async def _existing(rooms: Rooms, text: str) -> LiveRoom:
    jid = _room(rooms, text)
    live = await _found(rooms, jid)
    if live is None:
        raise Refused(f"there is no room {jid}")
    return live


async def _do(rooms: Rooms, live: LiveRoom, command: Any) -> None:
    try:
        done = rooms.do(live, command)
    except StanzaError as problem:
        raise Refused(f"{live.jid}: {problem}") from None
    if done is not None:
        await done
