"""What a room is at a moment, and what must hold of that."""

from typing import Any

from tests.chat.histories import ACCOUNTS
from xmppd.chat.model import Affiliation, Person, Role, Stay
from xmppd.chat.nicks import fold, is_nick
from xmppd.chat.rights import Right
from xmppd.chat.roles import MOST_VOICES
from xmppd.chat.room import Room
from xmppd.chat.talking import MOST_INVITED


def snapshot(room: Room) -> Any:
    """Everything that a command could change; values that cannot change are not copied."""
    saved = room.saved
    return (
        (saved.address, saved.creator, saved.secret, saved.created),
        (saved.locked, saved.topic, saved.card, saved.picture),
        dict(saved.config),
        dict(saved.standings),
        dict(room.occupants),
        {key: dict(stays) for key, stays in room.stays.items()},
        dict(room.sessions),
        list(room.history),
        dict(room.invited),
        dict(room.voices),
        (room.config, room.needs, room.unseen, dict(room.reserved)),
    )


def stays_of(room: Room) -> tuple[Stay, ...]:
    """Who is inside, as it is noted."""
    return tuple(
        Stay(person, each.nick, stay.presence, stay.since, each.affiliation, each.role, stay.wire)
        for key, each in room.occupants.items()
        for person, stay in room.stays[key].items()
    )


def check_again(room: Room, again: Room) -> None:
    """24: a room that is loaded, though without those inside, answers everything as it did."""
    assert again.config == room.config and again.needs == room.needs
    assert again.reserved == room.reserved and again.unseen == room.unseen
    assert again.history == room.history and again.wake_at() == room.wake_at()
    assert (again.open, again.logged, again.archived) == (room.open, room.logged, room.archived)
    for account in ACCOUNTS:
        outside = Person(account, "outside")
        assert again.affiliation(account) is room.affiliation(account)
        assert again.id_of(account) == room.id_of(account)
        assert again.may_read_archive(outside) == room.may_read_archive(outside)
        assert again.may_know_authors(outside) == room.may_know_authors(outside)
        for affiliation in Affiliation:
            assert again.standings(outside, affiliation) == room.standings(outside, affiliation)
    inside = {each.account for each in room.occupants.values()}
    assert set(room.absent()) == {row for row in again.absent() if row[0].account not in inside}


def check_state(room: Room, used: bool) -> None:
    """`used`: somebody has been inside."""
    check_sessions(room)
    check_people(room)
    check_standings(room)
    assert len(room.history) <= room.config["history"], "7"
    assert len(room.voices) <= MOST_VOICES and len(room.invited) <= MOST_INVITED, "7"
    assert room.occupants or not used or room.config["persistent"] or room.saved.locked, "6"


def check_sessions(room: Room) -> None:
    """1, 2: each session is one occupant, and the nicks of those can be told apart."""
    assert room.occupants.keys() == room.stays.keys()
    found = {person: key for key, stays in room.stays.items() for person in stays}
    assert found == room.sessions
    for key, stays in room.stays.items():
        occupant = room.occupants[key]
        assert stays and len(stays) <= 10
        assert {person.account for person in stays} == {occupant.account}
        newest = max(stays.values(), key=lambda stay: (stay.presence.priority, stay.since))
        assert occupant.shown is newest
        assert fold(occupant.nick) == key and is_nick(occupant.nick)
        assert room.reserved.get(key, occupant.account) == occupant.account


def check_people(room: Room) -> None:
    """3, 4, 6: everybody inside may be, in a role that goes with their affiliation."""
    for occupant in room.occupants.values():
        affiliation = occupant.affiliation
        assert affiliation is room.affiliation(occupant.account)
        assert affiliation >= room.needs[Right.ENTER] and affiliation is not Affiliation.OUTCAST
        assert occupant.role >= Role.VISITOR
        assert affiliation < Affiliation.ADMIN or occupant.role is Role.MODERATOR
        assert not room.saved.locked or affiliation is Affiliation.OWNER


def check_standings(room: Room) -> None:
    """5: rows say something; reserved nicks are those of members, each of one."""
    standings = room.saved.standings
    kinds = [standing.affiliation for standing in standings.values()]
    assert Affiliation.OWNER in kinds and Affiliation.NONE not in kinds
    nicks = [fold(standing.nick) for standing in standings.values() if standing.nick]
    assert len(set(nicks)) == len(nicks)
    for account, standing in standings.items():
        assert not standing.nick or standing.affiliation >= Affiliation.MEMBER
        assert "/" not in account and (
            "@" in account or standing.affiliation is Affiliation.OUTCAST
        )
