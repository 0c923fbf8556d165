"""What comes of a command: who is told what, and what is to be kept; or why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

import attrs

from xmppd.chat.events import Event
from xmppd.chat.model import Entry, Kind, Message, Occupancy, Removal, Sight, Standing


class Reason(Enum):
    """Why something is refused."""

    NO_NICK = auto()
    BAD_NICK = auto()
    NICK_TAKEN = auto()
    NICK_FIXED = auto()
    BAD_PASSWORD = auto()
    BANNED = auto()
    MEMBERS_ONLY = auto()
    FULL = auto()
    NO_ROOM = auto()
    CREATION_CLOSED = auto()
    NOT_INSIDE = auto()
    NO_VOICE = auto()
    FORBIDDEN = auto()
    OUTRANKED = auto()
    SELF = auto()
    LAST_OWNER = auto()
    NO_OCCUPANT = auto()
    NO_ENTRY = auto()
    BAD_CONFIG = auto()
    BAD_REQUEST = auto()
    REGISTRATION_CLOSED = auto()
    REGISTRATION_OFF = auto()
    NOT_REGISTERED = auto()
    WHISPER_LIMITED = auto()
    TOO_FAST = auto()
    TOO_BIG = auto()
    BUSY = auto()


@attrs.frozen
class Refused:
    """The answer to a command that changed nothing."""

    reason: Reason
    text: str = ""


class Refusal(Exception):
    """Raised inside the room; `Room.handle` gives the `Refused` in it."""

    def __init__(self, reason: Reason, text: str = "") -> None:
        super().__init__(reason.name)
        self.refused = Refused(reason, text)


@attrs.frozen
class Notice:
    """An event, and who is told: stays in the room (or just ended), or an account outside.

    `session` is that of the account that is told, empty where it does not matter.
    """

    event: Event
    to: tuple[Occupancy, ...]
    sight: Sight = Sight.NICK
    account: str = ""
    session: str = ""


@attrs.frozen
class SaveRoom:
    """Configuration, topic and the rest of the room are to be kept."""


@attrs.frozen
class SaveStanding:
    """An account's standing is to be kept; None: removed."""

    account: str
    standing: Standing | None


@attrs.frozen
class SaveCard:
    """The room's card is to be kept."""


@attrs.frozen
class SaveMessage:
    """A message goes into the archive."""

    message: Message
    kind: Kind = Kind.SAID


@attrs.frozen
class SaveRemoval:
    """Of an entry of the archive nothing is to be left but that it was removed."""

    entry: Entry
    removal: Removal


Write = SaveRoom | SaveStanding | SaveCard | SaveMessage | SaveRemoval


@attrs.frozen
class Done:
    """What is to be told, in order, and kept first. `ended`: there is no such room any more.

    `troubles` are what options raised that could not refuse it any more.
    """

    notices: tuple[Notice, ...] = ()
    writes: tuple[Write, ...] = ()
    ended: bool = False
    troubles: tuple[Exception, ...] = ()


@attrs.define
class Changes:
    """A `Done` in the making."""

    notices: list[Notice] = attrs.field(factory=list)
    writes: list[Write] = attrs.field(factory=list)
    ended: bool = False
    troubles: list[Exception] = attrs.field(factory=list)

    def save(self, write: Write) -> None:
        """Have something kept, once; after what was said of it in between."""
        if write in self.writes:
            self.writes.remove(write)
        self.writes.append(write)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Let what an option raises be known, and the rest happen all the same."""
        try:
            yield
        except Exception as trouble:
            self.troubles.append(trouble)

    def done(self) -> Done:
        return Done(tuple(self.notices), tuple(self.writes), self.ended, tuple(self.troubles))
