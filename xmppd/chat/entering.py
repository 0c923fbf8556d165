"""Coming, and being there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import Enter, Rename, ShowPresence
from xmppd.chat.events import Entered, Renamed, Shown
from xmppd.chat.model import Affiliation, Occupancy, Occupant, Person, Presence
from xmppd.chat.nicks import fold, is_nick
from xmppd.chat.outcome import Changes, Reason, Refusal
from xmppd.chat.rights import Right
from xmppd.chat.welcoming import welcome

if TYPE_CHECKING:
    from xmppd.chat.room import Room

MOST_STAYS = 10
"""Sessions under one nick."""


def enter(room: Room, command: Enter, out: Changes) -> None:
    """Let a session in, or tell one that is inside everything anew."""
    inside = room.occupant(command.person)
    check_nick(room, command.nick, command.person, inside)
    if inside is not None:
        _enter_again(room, command, inside, out)
        return
    _check_admission(room, command.person)
    key = fold(command.nick)
    if key in room.occupants:
        _add_stay(room, command, key, out)
    else:
        _add_occupant(room, command, key, out)
    created = room.saved.locked and len(room.sessions) == 1
    welcome(room, command, key, out, created=created)


def _check_admission(room: Room, person: Person) -> None:
    affiliation = room.affiliation(person.account)
    if affiliation is Affiliation.OUTCAST:
        raise Refusal(Reason.BANNED)
    if not room.exists_for(person.account):
        raise Refusal(Reason.NO_ROOM, "the room is not open yet")
    if not room.may(person, Right.ENTER):
        raise Refusal(Reason.MEMBERS_ONLY)


def check_nick(room: Room, nick: str, person: Person, own: Occupant | None = None) -> None:
    """Raise `Refusal` where somebody may not take a nick."""
    if not is_nick(nick):
        raise Refusal(Reason.BAD_NICK)
    key = fold(nick)
    if room.reserved.get(key, person.account) != person.account:
        raise Refusal(Reason.NICK_TAKEN)
    wearer = room.occupants.get(key)
    if wearer is None or wearer is own:
        return
    if own is not None or wearer.account != person.account:
        raise Refusal(Reason.NICK_TAKEN)
    if len(room.stays[key]) >= MOST_STAYS:
        raise Refusal(Reason.FULL, "too many sessions under one nick")


def _add_occupant(room: Room, command: Enter, key: str, out: Changes) -> None:
    account = command.person.account
    affiliation = room.affiliation(account)
    role = room.role_of(account)
    stay = Occupancy(command.person, command.presence, next(room.counter), command.wire)
    occupant = Occupant(command.nick, account, room.id_of(account), affiliation, role, stay)
    room.stays[key] = {command.person: stay}
    room.sessions[command.person] = key
    room.put(key, occupant)
    room.tell_others(out, Entered(occupant), key)


def _add_stay(room: Room, command: Enter, key: str, out: Changes) -> None:
    before = room.occupants[key]
    stay = Occupancy(command.person, command.presence, next(room.counter), command.wire)
    room.stays[key][command.person] = stay
    room.sessions[command.person] = key
    room.moved()
    show_again(room, before, key, out, but=command.person)


def show_again(
    room: Room, before: Occupant, key: str, out: Changes, but: Person | None = None
) -> None:
    """Tell of an occupant if it shows another presence now; not the session `but`."""
    occupant = room.show(key)
    if occupant is not before:
        own = [stay for person, stay in room.stays[key].items() if person != but]
        room.tell_all(out, Shown(occupant), key, own)


def _enter_again(room: Room, command: Enter, inside: Occupant, out: Changes) -> None:
    key = room.sessions[command.person]
    if command.nick != inside.nick:
        _rename(room, key, command.nick, out)
        key = fold(command.nick)
    if command.presence != room.stays[key][command.person].presence:
        _take_presence(room, command.person, command.presence, out, but=command.person)
    welcome(room, command, key, out, created=room.saved.locked)


def show_presence(room: Room, command: ShowPresence, out: Changes) -> None:
    """Show another presence."""
    room.inside(command.person)
    _take_presence(room, command.person, command.presence, out)


def _take_presence(
    room: Room, person: Person, presence: Presence, out: Changes, but: Person | None = None
) -> None:
    key = room.sessions[person]
    before = room.occupants[key]
    _note_presence(room, key, person, presence)
    show_again(room, before, key, out, but)


def _note_presence(room: Room, key: str, person: Person, presence: Presence) -> None:
    stay = room.stays[key][person]
    room.stays[key][person] = attrs.evolve(stay, presence=presence, since=next(room.counter))
    room.moved()


def rename(room: Room, command: Rename, out: Changes) -> None:
    """Give a person another nick, in all its sessions under the present one."""
    inside = room.inside(command.person)
    check_nick(room, command.nick, command.person, inside)
    if command.nick == inside.nick:
        _take_presence(room, command.person, command.presence, out)
        return
    key = room.sessions[command.person]
    _note_presence(room, key, command.person, command.presence)
    room.show(key)
    _rename(room, key, command.nick, out)


def _rename(room: Room, key: str, nick: str, out: Changes) -> None:
    old, stays = room.occupants[key], room.stays[key]
    new = fold(nick)
    if new != key:
        room.take_out(key)
        room.stays[new] = stays
        room.sessions.update(dict.fromkeys(stays, new))
    occupant = attrs.evolve(old, nick=nick)
    room.put(new, occupant)
    room.tell_all(out, Renamed(occupant, old), new)
