"""What happens in a room, as it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from xmppd.chat.model import (
    Affiliation,
    Author,
    Content,
    Invitation,
    Message,
    Occupant,
    Role,
    Why,
)


@attrs.frozen
class Welcomed:
    """To a session that has come in: who is there and who is not, itself, what was said, the topic.

    `chars`: the most characters of history that it wants. `renamed`: its nick is not the one it
    asked for.
    """

    occupants: tuple[Occupant, ...]
    absent: tuple[tuple[Author, Affiliation], ...]
    me: Occupant
    history: tuple[Message, ...]
    topic: Message | None
    chars: int | None
    open: bool
    logged: bool
    created: bool
    renamed: bool


@attrs.frozen
class Entered:
    """An occupant has come."""

    occupant: Occupant


@attrs.frozen
class Shown:
    """An occupant shows another presence."""

    occupant: Occupant


@attrs.frozen
class Ranked:
    """An occupant's role or affiliation is another."""

    occupant: Occupant
    by: Author | None
    reason: str


@attrs.frozen
class Revealed:
    """To who sees addresses from now on: everybody else inside."""

    occupants: tuple[Occupant, ...]


@attrs.frozen
class Outside:
    """Somebody who is not inside stands otherwise to the room; to those who may know."""

    account: str
    affiliation: Affiliation
    by: Author
    reason: str


@attrs.frozen
class StandingTold:
    """To an account that is not inside: it stands otherwise to the room."""

    account: str
    affiliation: Affiliation


@attrs.frozen
class Left:
    """An occupant is gone; its role is NONE by now. `content` is what it said in going."""

    occupant: Occupant
    why: Why
    by: Author | None = None
    reason: str = ""
    content: Content | None = None


@attrs.frozen
class Renamed:
    """An occupant has another nick."""

    occupant: Occupant
    old: Occupant


@attrs.frozen
class Said:
    """A message to all."""

    message: Message


@attrs.frozen
class TopicSet:
    """The topic is another."""

    message: Message


@attrs.frozen
class Whispered:
    """A message to one occupant."""

    author: Author
    content: Content


@attrs.frozen
class Invited:
    """To an account outside. `open`: addresses are known to everybody in the room."""

    invitation: Invitation
    by: Author
    password: str
    open: bool


@attrs.frozen
class Declined:
    """To who invited: somebody will not come."""

    account: str
    reason: str


@attrs.frozen
class VoiceAsked:
    """To moderators: somebody wants to speak."""

    occupant: Occupant
    role: Role


@attrs.frozen
class RegistrationAsked:
    """To admins: somebody wants to be a member."""

    account: str
    nick: str


@attrs.frozen
class Configured:
    """The room's configuration is another: old and new values of what changed.

    `logged` says whether what is said is logged from now on, None where that is as before.
    """

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    logged: bool | None = None


@attrs.frozen
class Destroyed:
    """To each occupant: the room is no more."""

    occupant: Occupant
    reason: str
    alternate: str
    password: str


Event: TypeAlias = (
    Welcomed
    | Entered
    | Shown
    | Ranked
    | Revealed
    | Outside
    | StandingTold
    | Left
    | Renamed
    | Said
    | TopicSet
    | Whispered
    | Invited
    | Declined
    | VoiceAsked
    | RegistrationAsked
    | Configured
    | Destroyed
)
