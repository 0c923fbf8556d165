"""Who is what: roles and affiliations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import (
    RoleChange,
    SetRoles,
    SetStandings,
    StandingChange,
)
from xmppd.chat.entering import remove
from xmppd.chat.events import Invited, Left, Outside, Ranked, Revealed
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Author,
    Invitation,
    Occupant,
    Person,
    Role,
    Sight,
    Standing,
    Why,
)
from xmppd.chat.nicks import fold, is_nick
from xmppd.chat.outcome import Changes, Notice, Reason, Refusal, SaveStanding
from xmppd.chat.rights import (
    Right,
    affiliation_right,
    list_right,
    outranks_for_role,
    role_after,
    role_right,
)
from xmppd.chat.seeing import hidden, tell_sight

if TYPE_CHECKING:
    from xmppd.chat.room import Room

MOST_VOICES = 1_000
"""People whose voice is remembered though they may have left."""
MOST_STANDINGS = 10_000
"""Rows in the list of affiliations."""


# Roles


def set_roles(room: Room, command: SetRoles, out: Changes) -> None:
    """Give and take voice, make moderators, kick."""
    actor = room.occupant(command.person)
    if actor is None and command.person != ITSELF:
        raise Refusal(Reason.FORBIDDEN)
    targets = [(room.named(change.nick), change) for change in command.changes]
    for target, change in targets:
        if actor is not None:
            _check_role(room, actor, target, change.role)
    by = room.author(command.person)
    for _, change in targets:
        _set_role(room, change, by, out)
    room.settle(out)


def _check_role(room: Room, actor: Occupant, target: Occupant, role: Role) -> None:
    """Raise `Refusal` where an occupant may not give another that role."""
    if role is Role.NONE and target.affiliation > actor.affiliation:
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
        remove(room, key, Why.KICKED, out, event=Left(changed, Why.KICKED, by, change.reason))
        return
    _put_ranked(room, key, changed, Ranked(changed, by, change.reason), out)


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


def _put_ranked(room: Room, key: str, changed: Occupant, event: Ranked, out: Changes) -> None:
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
    told: Iterable[Occupant] = unseen if aware and not was_aware else ()
    if sight is Sight.FULL and not room.has(before, Right.SEE_ADDRESSES):
        told = room.visible_to(now)
    if told:
        room.tell(out, Revealed(tuple(told)), own, sight)


# Affiliations


def set_standings(room: Room, command: SetStandings, out: Changes) -> None:
    """Change affiliations: ban, make members, admins, owners."""
    check_standings(room, command.person, command.changes)
    for change in command.changes:
        _set_standing(room, command.person, change, out)
    room.settle(out)


def _set_standing(room: Room, person: Person, change: StandingChange, out: Changes) -> None:
    """Change an affiliation; who may enter only by that is asked to come (XEP-0045, 9.5)."""
    account = change.account
    could = room.affiliation(account) >= room.needs[Right.ENTER]
    apply_standing(room, person, change, out)
    if not could and change.affiliation >= room.needs[Right.ENTER] > Affiliation.NONE:
        asked = Invitation(account, change.reason)
        event = Invited(asked, room.author(person), room.config["password"], room.open)
        out.notices.append(Notice(event, (), account=account))


def check_standings(room: Room, person: Person, changes: Iterable[StandingChange]) -> None:
    """Raise `Refusal` unless somebody may make all these changes."""
    planned = dict(room.saved.standings)
    for change in changes:
        _check_change(room, person, change)
        _plan(room, planned, change)
    if len(planned) > max(MOST_STANDINGS, len(room.saved.standings)):
        raise Refusal(Reason.FULL, "the list of affiliations is full")
    if not any(standing.affiliation is Affiliation.OWNER for standing in planned.values()):
        raise Refusal(Reason.LAST_OWNER)


def _check_change(room: Room, person: Person, change: StandingChange) -> None:
    old, new = row_of(room, change.account).affiliation, change.affiliation
    if "@" not in change.account and new not in (Affiliation.OUTCAST, Affiliation.NONE):
        raise Refusal(Reason.BAD_REQUEST, "a domain can only be banned")
    if not room.may(person, affiliation_right(old, new)):
        admin = room.may(person, Right.EDIT_MEMBERS)
        outranked = admin and old >= Affiliation.ADMIN
        raise Refusal(Reason.OUTRANKED if outranked else Reason.FORBIDDEN)
    if new is Affiliation.OUTCAST and change.account == person.account:
        raise Refusal(Reason.SELF)


def row_of(room: Room, account: str) -> Standing:
    """An account's row in the list of affiliations, which may not be there."""
    return room.saved.standings.get(account) or Standing(Affiliation.NONE)


def _plan(room: Room, planned: dict[str, Standing], change: StandingChange) -> None:
    """Make a change in a copy of the list; raise `Refusal` where its nick is not free."""
    row = _changed(planned.get(change.account), change, 0.0)
    planned.pop(change.account, None)
    if row is None:
        return
    if change.nick and row.nick:
        if not is_nick(row.nick):
            raise Refusal(Reason.BAD_NICK)
        check_free(room, planned, row.nick, change.account)
    planned[change.account] = row


def check_free(room: Room, standings: dict[str, Standing], nick: str, account: str) -> None:
    """Raise `Refusal` where a nick is reserved, or worn, by another account."""
    key = fold(nick)
    wearer = room.occupants.get(key)
    taken = any(
        fold(standing.nick) == key
        for other, standing in standings.items()
        if standing.nick and other != account
    )
    if taken or (wearer is not None and wearer.account != account):
        raise Refusal(Reason.NICK_TAKEN)


def _changed(row: Standing | None, change: StandingChange, now: float) -> Standing | None:
    if change.affiliation is Affiliation.NONE:
        return None
    nick = ""
    if change.affiliation >= Affiliation.MEMBER:
        nick = change.nick if change.nick is not None else (row.nick if row else "")
    return Standing(change.affiliation, nick, change.reason, now)


def apply_standing(room: Room, person: Person, change: StandingChange, out: Changes) -> None:
    """Make a change that has been checked."""
    account = change.account
    row = room.saved.standings.get(account)
    new = _changed(row, change, room.clock())
    same = row is new or (
        row is not None
        and new is not None
        and (row.affiliation, row.nick) == (new.affiliation, new.nick)
    )
    if same:
        return
    if new is None:
        del room.saved.standings[account]
    else:
        room.saved.standings[account] = new
    room.reconfigured()
    room.voices.pop(account, None)
    out.save(SaveStanding(account, new))
    by, inside = room.author(person), room.all_of(account)
    for occupant in inside:
        _rank(room, occupant, by, change.reason, out)
    old = Affiliation.NONE if row is None else row.affiliation
    if not inside and old is not change.affiliation:
        _tell_of_absent(room, Outside(account, change.affiliation, by, change.reason), old, out)


def _tell_of_absent(room: Room, event: Outside, old: Affiliation, out: Changes) -> None:
    """Tell those who may read the list that somebody is on now, or was on."""
    listed = old if event.affiliation is Affiliation.NONE else event.affiliation
    room.tell(out, event, room.those_with(list_right(listed)), Sight.FULL)
    room.note(out, event)


def _rank(room: Room, occupant: Occupant, by: Author, reason: str, out: Changes) -> None:
    """Let an occupant's affiliation have its effect."""
    key = room.sessions[occupant.shown.person]
    old, new = occupant.affiliation, room.affiliation(occupant.account)
    if old is new:
        return
    if new < room.needs[Right.ENTER]:
        why = Why.BANNED if new is Affiliation.OUTCAST else Why.AFFILIATION
        gone = attrs.evolve(occupant, affiliation=new, role=Role.NONE)
        remove(room, key, why, out, event=Left(gone, why, by, reason))
        return
    role = role_after(occupant.role, old, new, room.first_role(new))
    changed = attrs.evolve(occupant, affiliation=new, role=role)
    _put_ranked(room, key, changed, Ranked(changed, by, reason), out)
