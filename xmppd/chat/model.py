"""What a room consists of: plain values, whatever protocol people come by."""

from __future__ import annotations

from enum import Enum, IntEnum, auto
from typing import Any, Protocol

import attrs


class Affiliation(IntEnum):
    """How an account stands to a room; it lasts."""

    OUTCAST, NONE, MEMBER, ADMIN, OWNER = range(5)


class Role(IntEnum):
    """What an occupant may do during this visit."""

    NONE, VISITOR, PARTICIPANT, MODERATOR = range(4)


class Sight(Enum):
    """How somebody is told of an occupant."""

    NICK = auto()
    """By nick alone."""
    FULL = auto()
    """With real addresses."""
    SELF = auto()
    """As of oneself, with one's own address."""


class Why(Enum):
    """Why an occupant left."""

    PARTED, KICKED, BANNED, AFFILIATION, MEMBERS_ONLY, LOST, SHUTDOWN = range(7)


class Content(Protocol):
    """What somebody said or shows, in the form it came in; the room never looks inside."""

    @property
    def storable(self) -> bool:
        """Whether it belongs into a history: it says something."""

    @property
    def said_at(self) -> float | None:
        """When it was said elsewhere, if its author says so; in seconds since 1970."""


@attrs.frozen
class Text:
    """Plain text, the simplest content."""

    text: str = ""
    storable: bool = True
    said_at: float | None = None


@attrs.frozen
class Person:
    """One session of an account: the only key for who somebody is."""

    account: str
    session: str = ""

    @property
    def domain(self) -> str:
        return self.account.rpartition("@")[2]


ITSELF = Person("")
"""Who does what whoever runs the service has a room do: the room itself, which may everything."""


@attrs.frozen
class Presence:
    """What a session shows of itself."""

    content: Content
    priority: int = 0


@attrs.frozen
class Occupancy:
    """One session's stay. `wire` is what its adaptor sends by; `since` counts the stays."""

    person: Person
    presence: Presence
    since: int
    wire: Any = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class Stay:
    """A session as it was inside a room when the service ended: its nick, and what it showed.

    `affiliation` and `role` are those that others were told; None: they are not known any more.
    """

    person: Person
    nick: str
    presence: Presence
    since: int = 0
    affiliation: Affiliation | None = None
    role: Role | None = None
    wire: Any = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class Occupant:
    """Who wears a nick, as of this moment. `shown` is the stay whose presence is shown.

    `cache` is for adaptors: what they made of this very value.
    """

    nick: str
    account: str
    id: str
    affiliation: Affiliation
    role: Role
    shown: Occupancy
    cache: dict[Any, Any] = attrs.field(factory=dict, init=False, eq=False, repr=False)


@attrs.frozen
class Author:
    """Who said something; the account is for those who may know it."""

    nick: str
    id: str
    account: str = ""


class Kind(IntEnum):
    """What a message in an archive is."""

    SAID, TOPIC, RETRACTION = range(3)


@attrs.frozen
class Message:
    """Something said in a room. `id` is the room's own, `at` in seconds since 1970.

    `kept`: the room's archive has it under this id. `said_at`: when it was said elsewhere before.
    """

    id: str
    at: float
    author: Author
    content: Content
    kept: bool = False
    said_at: float | None = None


@attrs.frozen
class Entry:
    """Something said that may be taken back; `removed`: nothing is left of it.

    `kept`: the archive has it, not only the room's history. `wire` is what its adaptor has of it.
    """

    id: str
    author: Author
    removed: bool = False
    kept: bool = True
    wire: Any = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen
class Moderation:
    """A content of the room's own: a moderator has taken back what somebody said."""

    id: str
    by: Author
    reason: str = ""
    storable: bool = True
    said_at: float | None = None


@attrs.frozen
class Removal:
    """How something said was taken back: by which message, by which moderator if by any."""

    message: Message
    moderation: Moderation | None = None


@attrs.frozen
class HistoryWish:
    """How much history somebody wants, in characters, messages, seconds, since; None: any."""

    chars: int | None = None
    messages: int | None = None
    seconds: int | None = None
    since: float | None = None


@attrs.frozen
class Standing:
    """A row of the list of affiliations; `nick` is the reserved one, `at` seconds since 1970."""

    affiliation: Affiliation
    nick: str = ""
    reason: str = ""
    at: float = 0.0


@attrs.frozen
class Invitation:
    """Somebody is asked to come; `session`: in that one alone."""

    to: str
    reason: str = ""
    thread: str | None = None
    continues: bool = False
    session: str = ""


@attrs.define
class Saved:
    """What lasts of a room. An account in `standings` may also be a whole domain.

    `card` is what an adaptor keeps of the room's picture and the like, `picture` a short text
    that is another whenever the picture is.
    """

    address: str
    creator: str
    secret: str
    created: float
    locked: bool = False
    config: dict[str, Any] = attrs.field(factory=dict)
    topic: Message | None = None
    card: bytes = b""
    picture: str = ""
    standings: dict[str, Standing] = attrs.field(factory=dict)
