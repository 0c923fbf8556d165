"""Roles: voice, moderators, kicks; and what somebody sees by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import RoleChange, SetRoles
from xmppd.chat.events import Left, Ranked, Revealed
from xmppd.chat.leaving import remove
from xmppd.chat.model import ITSELF, Affiliation, Author, Occupant, Role, Sight, Why
from xmppd.chat.nicks import fold
from xmppd.chat.outcome import Changes, Reason, Refusal
from xmppd.chat.rights import Right, outranks_for_role, role_right
from xmppd.chat.seeing import hidden, tell_sight

if TYPE_CHECKING:
    from xmppd.chat.room import Room

MOST_VOICES = 1_000
"""People whose voice is remembered though they may have left."""

_LOWER = (Role.VISITOR, Role.PARTICIPANT)


def set_roles(room: Room, command: SetRoles, out: Changes) -> None:
    """Give and take voice, make moderators, kick."""
    actor = room.occupant(command.person)
    if actor is None and command.person != ITSELF:
        raise Refusal(Reason.FORBIDDEN)
    changes = [_meant(room, change) for change in command.changes]
    targets = [(room.named(change.nick), change) for change in changes]
    for target, change in targets:
        if actor is not None:
            _check_role(room, actor, target, change.role)
        elif change.role in _LOWER and target.affiliation >= Affiliation.ADMIN:
            raise Refusal(Reason.OUTRANKED, "admins are moderators")
    by = room.author(command.person)
    for _, change in targets:
        _set_role(room, change, by, out)
    room.settle(out)


def _meant(room: Room, change: RoleChange) -> RoleChange:
    """The change for the nick that somebody wears now; raise `Refusal` where they have gone."""
    account = change.account
    if not account:
        return change
    wearing = {each.nick for each in room.occupants.values() if each.account == account}
    if not wearing:
        raise Refusal(Reason.NO_OCCUPANT)
    return change if change.nick in wearing else attrs.evolve(change, nick=min(wearing))


def _check_role(room: Room, actor: Occupant, target: Occupant, role: Role) -> None:
    """Raise `Refusal` where an occupant may not give another that role."""
    if role is Role.NONE and target.affiliation > actor.affiliation:
        raise Refusal(Reason.OUTRANKED)
    silences = role is Role.VISITOR and room.has(actor, Right.GIVE_VOICE)
    if silences and target.affiliation >= Affiliation.ADMIN:  # whom nobody silences
        raise Refusal(Reason.OUTRANKED)
    room.need(actor.shown.person, role_right(target.role, role))
    if target.role is not role and not outranks_for_role(actor, target, role):
        raise Refusal(Reason.OUTRANKED)


def _set_role(room: Room, change: RoleChange, by: Author, out: Changes) -> None:
    key = fold(change.nick)
    target = room.occupants.get(key)
    if target is None or target.role is change.role:
        return
    changed = attrs.evolve(target, role=change.role)
    _remember_voice(room, target, change.role)
    if change.role is Role.NONE:
        remove(room, key, Left(changed, Why.KICKED, by, change.reason), out)
        return
    put_ranked(room, key, changed, Ranked(changed, by, change.reason), out)


def _remember_voice(room: Room, target: Occupant, role: Role) -> None:
    """Let somebody come back with the voice that was given or taken, and with no more."""
    if role is Role.NONE:
        return
    room.voices.pop(target.account, None)
    if role is Role.MODERATOR or role is room.first_role(target.affiliation):
        return
    if len(room.voices) >= MOST_VOICES:
        del room.voices[next(iter(room.voices))]
    room.voices[target.account] = role


def put_ranked(room: Room, key: str, changed: Occupant, event: Ranked, out: Changes) -> None:
    """Let an occupant be what it is from now on, tell everybody, and it whom it now sees."""
    before = room.occupants[key]
    room.put(key, changed)
    room.tell(out, event, room.stays[key].values(), Sight.SELF)
    tell_sight(room, key, before.role in room.unseen, event, out)
    _reveal(room, key, before, out)


def _reveal(room: Room, key: str, before: Occupant, out: Changes) -> None:
    """Tell somebody of those whom they see otherwise than before, or no longer."""
    now, own = room.occupants[key], room.stays[key].values()
    sight = Sight.FULL if room.has(now, Right.SEE_ADDRESSES) else Sight.NICK
    unseen = [
        each for other, each in room.occupants.items() if other != key and each.role in room.unseen
    ]
    was_aware, aware = (room.has(each, Right.SEE_UNSEEN) for each in (before, now))
    if was_aware and not aware:
        for each in unseen:
            room.tell(out, hidden(each), own, sight)
    gains = aware and not was_aware  # in a room opened late this may be the first they hear of some
    told: Iterable[Occupant] = unseen if gains else ()
    if sight is Sight.FULL and (gains or not room.has(before, Right.SEE_ADDRESSES)):
        told = room.visible_to(now)
    if told:
        room.tell(out, Revealed(tuple(told)), own, sight)
