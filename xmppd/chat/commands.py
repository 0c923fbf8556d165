"""What can be asked of a room. Each begins with the session that asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Content,
    Entry,
    HistoryWish,
    Invitation,
    Person,
    Presence,
    Role,
    Stay,
    Why,
)


@attrs.frozen
class Enter:
    """Come in, or be told everything anew. `wire` is what the session's adaptor sends by.

    `asked` is the nick that was asked for, where the room made another of it.
    """

    person: Person
    nick: str
    presence: Presence
    password: str = ""
    wish: HistoryWish = HistoryWish()
    wire: Any = attrs.field(default=None, eq=False)
    asked: str = ""


@attrs.frozen
class Leave:
    """Go, or be gone."""

    person: Person
    content: Content | None = None
    why: Why = Why.PARTED


@attrs.frozen
class Lose:
    """Those are gone, all at once: none of them is told of the others."""

    people: tuple[Person, ...]
    person: Person = Person("")


@attrs.frozen
class ShowPresence:
    """Show another presence."""

    person: Person
    presence: Presence


@attrs.frozen
class Rename:
    """Take another nick, with all sessions under the present one."""

    person: Person
    nick: str
    presence: Presence


@attrs.frozen
class Say:
    """Say something to all."""

    person: Person
    content: Content


@attrs.frozen
class Whisper:
    """Say something to one occupant."""

    person: Person
    nick: str
    content: Content


@attrs.frozen
class SetTopic:
    """Set the topic."""

    person: Person
    content: Content


@attrs.frozen
class Retract:
    """Take back what one has said; `content` tells all. An entry of None: there is none such."""

    person: Person
    content: Content
    entry: Entry | None


@attrs.frozen
class Moderate:
    """Take back what somebody has said; an entry of None: there is none such."""

    person: Person
    entry: Entry | None
    reason: str = ""


@attrs.frozen
class Invite:
    """Ask others to come."""

    person: Person
    invitations: tuple[Invitation, ...]


@attrs.frozen
class Decline:
    """Not come, though invited."""

    person: Person
    to: str
    reason: str = ""


@attrs.frozen
class RequestVoice:
    """Ask the moderators for a role."""

    person: Person
    role: Role = Role.PARTICIPANT


@attrs.frozen
class Register:
    """Become a member, with a nick that nobody else may take."""

    person: Person
    nick: str


@attrs.frozen
class Unregister:
    """Be a member no longer."""

    person: Person


@attrs.frozen
class StandingChange:
    """Another affiliation for an account; a nick of None leaves the reserved one."""

    account: str
    affiliation: Affiliation
    nick: str | None = None
    reason: str = ""


@attrs.frozen
class SetStandings:
    """Change affiliations: all of them or none. `asks`: who may enter only by that is asked to."""

    person: Person
    changes: tuple[StandingChange, ...]
    asks: bool = True


@attrs.frozen
class RoleChange:
    """Another role for who wears a nick; NONE: out.

    `account`: for an occupant of that account alone, whatever nick they wear by now.
    """

    nick: str
    role: Role
    reason: str = ""
    account: str = ""


@attrs.frozen
class SetRoles:
    """Change roles: all of them or none."""

    person: Person
    changes: tuple[RoleChange, ...]


@attrs.frozen
class Configure:
    """Change the configuration, and open a new room to others.

    `owners` and `admins`, unless None, are who is to have these affiliations from now on.
    """

    person: Person
    values: Mapping[str, Any]
    owners: tuple[str, ...] | None = None
    admins: tuple[str, ...] | None = None


@attrs.frozen
class SetCard:
    """Let the room show another picture and the like; see `Saved`."""

    person: Person
    card: bytes
    picture: str


@attrs.frozen
class Destroy:
    """End the room."""

    person: Person
    reason: str = ""
    alternate: str = ""
    password: str = ""


@attrs.frozen
class Tick:
    """Time has passed: what is due is done."""

    person: Person = ITSELF


@attrs.frozen
class Shutdown:
    """The service ends: everybody is told; with `restore` only if the room ends with it."""

    person: Person = Person("")
    restore: bool = False


@attrs.frozen
class Readmit:
    """Those are inside as before, who were when the service ended."""

    stays: tuple[Stay, ...]
    person: Person = Person("")


Command: TypeAlias = (
    Enter
    | Leave
    | Lose
    | ShowPresence
    | Rename
    | Say
    | Whisper
    | SetTopic
    | Retract
    | Moderate
    | Invite
    | Decline
    | RequestVoice
    | Register
    | Unregister
    | SetStandings
    | SetRoles
    | Configure
    | SetCard
    | Destroy
    | Tick
    | Shutdown
    | Readmit
)
