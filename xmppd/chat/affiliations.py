"""Affiliations: bans, members, admins, owners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from xmppd.chat.commands import (
    SetStandings,
    StandingChange,
)
from xmppd.chat.events import Invited, Left, Outside, Ranked
from xmppd.chat.leaving import gone, remove
from xmppd.chat.model import (
    Affiliation,
    Author,
    Invitation,
    Occupant,
    Person,
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
    role_after,
)
from xmppd.chat.roles import put_ranked

if TYPE_CHECKING:
    from xmppd.chat.room import Room

MOST_STANDINGS = 10_000
"""Rows in the list of affiliations."""
SPARE = 1_000
"""Rows of these that only admins fill: so that nobody keeps them from banning."""


def set_standings(room: Room, command: SetStandings, out: Changes) -> None:
    """Change affiliations: ban, make members, admins, owners."""
    check_standings(room, command.person, command.changes)
    for change in command.changes:
        _set_standing(room, command, change, out)
    room.settle(out)


def _set_standing(room: Room, command: SetStandings, change: StandingChange, out: Changes) -> None:
    """Change an affiliation; who may enter only by that is asked to come (XEP-0045, 9.5)."""
    account, person = change.account, command.person
    could = room.affiliation(account) >= room.needs[Right.ENTER]
    apply_standing(room, person, change, out)
    can = change.affiliation >= room.needs[Right.ENTER]
    if command.asks and room.closed and can and not could:
        asked = Invitation(account, change.reason)
        event = Invited(asked, room.author(person), room.config["password"], room.open)
        out.notices.append(Notice(event, (), account=account))


def check_standings(room: Room, person: Person, changes: Iterable[StandingChange]) -> None:
    """Raise `Refusal` unless somebody may make all these changes."""
    planned, reserved = dict(room.saved.standings), dict(room.reserved)
    for change in changes:
        _check_change(room, person, change)
        _plan(room, planned, reserved, change)
    if len(planned) > max(MOST_STANDINGS, len(room.saved.standings)):
        raise Refusal(Reason.FULL, "the list of affiliations is full")
    if not any(standing.affiliation is Affiliation.OWNER for standing in planned.values()):
        raise Refusal(Reason.LAST_OWNER)


def _check_change(room: Room, person: Person, change: StandingChange) -> None:
    old, new = row_of(room, change.account).affiliation, change.affiliation
    if "@" not in change.account and new not in (Affiliation.OUTCAST, Affiliation.NONE):
        raise Refusal(Reason.BAD_REQUEST, "a domain can only be banned")
    bans = new is Affiliation.OUTCAST and room.may(person, Right.EDIT_MEMBERS)
    if bans and change.account == person.account:
        raise Refusal(Reason.SELF)
    if not room.may(person, affiliation_right(old, new)):
        raise Refusal(Reason.OUTRANKED if bans else Reason.FORBIDDEN)


def row_of(room: Room, account: str) -> Standing:
    """An account's row in the list of affiliations, which may not be there."""
    return room.saved.standings.get(account) or Standing(Affiliation.NONE)


def _plan(
    room: Room, planned: dict[str, Standing], reserved: dict[str, str], change: StandingChange
) -> None:
    """Make a change in copies of the list; raise `Refusal` where its nick is not free."""
    before = planned.pop(change.account, None)
    row = _changed(before, change, 0.0)
    if row is not None and change.nick and row.nick:
        if not is_nick(row.nick):
            raise Refusal(Reason.BAD_NICK)
        check_free(room, reserved, row.nick, change.account)
    if row is not None:
        planned[change.account] = row
    reserve(reserved, change.account, before, row)


def reserve(
    reserved: dict[str, str], account: str, before: Standing | None, row: Standing | None
) -> None:
    """Have an account's nick reserved as its row says, no longer as the row before did."""
    if before is not None and before.nick:
        reserved.pop(fold(before.nick), None)
    if row is not None and row.nick:
        reserved[fold(row.nick)] = account


def check_place(room: Room, account: str) -> None:
    """Raise `Refusal` where the list of affiliations has no place for one more member."""
    standings = room.saved.standings
    if account not in standings and len(standings) >= MOST_STANDINGS - SPARE:
        raise Refusal(Reason.FULL, "the list of affiliations is full")


def check_free(room: Room, reserved: Mapping[str, str], nick: str, account: str) -> None:
    """Raise `Refusal` where a nick is reserved, or worn, by another account."""
    key = fold(nick)
    wearer = room.occupants.get(key)
    if reserved.get(key, account) != account or (wearer is not None and wearer.account != account):
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
    reserve(room.reserved, account, row, new)
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
    if new < room.needs[Right.ENTER] or (room.saved.locked and new is not Affiliation.OWNER):
        why = Why.BANNED if new is Affiliation.OUTCAST else Why.AFFILIATION
        remove(room, key, Left(gone(occupant, new), why, by, reason), out)
        return
    role = role_after(occupant.role, old, new, room.first_role(new))
    changed = attrs.evolve(occupant, affiliation=new, role=role)
    put_ranked(room, key, changed, Ranked(changed, by, reason), out)
