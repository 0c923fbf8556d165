"""What the room is like, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xmppd.chat.affiliations import apply_standing, check_standings, row_of
from xmppd.chat.commands import Configure, Destroy, SetCard, StandingChange
from xmppd.chat.events import Configured, Left
from xmppd.chat.leaving import dissolve, gone, remove
from xmppd.chat.model import Affiliation, Sight, Why
from xmppd.chat.outcome import Changes, Reason, Refusal, SaveCard, SaveRoom
from xmppd.chat.rights import Right
from xmppd.chat.seeing import tell_sight

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def configure(room: Room, command: Configure, out: Changes) -> None:
    """Change the configuration; whoever could not enter any more is out."""
    room.need(command.person, Right.CONFIGURE)
    for name, value in command.values.items():
        field = room.fields.get(name)
        if field is None:
            raise Refusal(Reason.BAD_CONFIG, f"there is no {name}")
        if not field.takes(value):
            raise Refusal(Reason.BAD_CONFIG, f"{name} cannot be that ({field.allowed})")
    changes = _wanted_standings(room, command)
    check_standings(room, command.person, changes)
    _reconfigure(room, command.values, out)
    for change in changes:
        apply_standing(room, command.person, change, out)
    _remove_outsiders(room, out)
    room.settle(out)


def _reconfigure(room: Room, values: Mapping[str, Any], out: Changes) -> None:
    """Open the room, let it be like that, and tell people what is otherwise now."""
    logged, unseen, old = room.logged, room.unseen, room.config
    voice, stored = room.needs[Right.HAVE_VOICE], {**room.saved.config, **values}
    room.reconfigured(stored)
    _unlock(room, out)
    if stored != room.saved.config:  # what is as it was is said now, whatever becomes the default
        room.saved.config = stored
        out.save(SaveRoom())
    if room.needs[Right.HAVE_VOICE] != voice:
        room.voices.clear()
    new = {name: value for name, value in values.items() if old[name] != value}
    if new or room.logged is not logged:
        now = None if room.logged is logged else room.logged
        event = Configured({name: old[name] for name in new}, new, now)
        room.tell(out, event, room.audience(), Sight.NICK)
    if room.unseen != unseen:
        for key, occupant in room.occupants.items():
            tell_sight(room, key, occupant.role in unseen, None, out)


def set_card(room: Room, command: SetCard, out: Changes) -> None:
    """Show another picture and the like; people are told so as of another configuration."""
    room.need(command.person, Right.CONFIGURE)
    saved = room.saved
    if saved.card == command.card:
        return
    event = Configured({"picture": saved.picture}, {"picture": command.picture})
    saved.card, saved.picture = command.card, command.picture
    out.save(SaveRoom())
    out.save(SaveCard())
    room.tell(out, event, room.audience(), Sight.NICK)


def _unlock(room: Room, out: Changes) -> None:
    if room.saved.locked:
        room.saved.locked = False
        out.save(SaveRoom())


def _wanted_standings(room: Room, command: Configure) -> tuple[StandingChange, ...]:
    """What it takes for owners and admins to be those that the command lists.

    Who is an owner no longer is an admin (XEP-0045, 10.2).
    """
    wanted: dict[str, Affiliation] = {}
    lists = (
        (Affiliation.ADMIN, command.admins, Affiliation.NONE),
        (Affiliation.OWNER, command.owners, Affiliation.ADMIN),
    )
    for affiliation, accounts, otherwise in lists:
        if accounts is not None:
            for account, standing in room.saved.standings.items():
                if standing.affiliation is affiliation:
                    wanted.setdefault(account, otherwise)
            wanted.update(dict.fromkeys(accounts, affiliation))
    return tuple(
        StandingChange(account, affiliation)
        for account, affiliation in sorted(wanted.items())
        if row_of(room, account).affiliation is not affiliation
    )


def _remove_outsiders(room: Room, out: Changes) -> None:
    for key, occupant in list(room.occupants.items()):
        if occupant.affiliation < room.needs[Right.ENTER]:
            remove(room, key, Left(gone(occupant), Why.MEMBERS_ONLY), out)


def destroy(room: Room, command: Destroy, out: Changes) -> None:
    """End the room."""
    room.need(command.person, Right.CONFIGURE)
    dissolve(room, command, out)
