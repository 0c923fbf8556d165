"""Ad-hoc commands (XEP-0050): what a command is, and what comes of it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, Protocol

import attrs

from xmppd.protocol.forms import FieldValue, Form
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element

COMMANDS = "http://jabber.org/protocol/commands"


class CommandFailed(Exception):
    """A command has come to nothing; the text says why in one line.

    With a `condition` that is the answer's error; else the command is completed with the text as
    a note (XEP-0050, 3.6).
    """

    def __init__(self, text: str, condition: str = "") -> None:
        super().__init__(text)
        self.condition = condition


@attrs.frozen
class Note:
    """A remark for people (XEP-0050, 4.3)."""

    text: str
    type: Literal["info", "warn", "error"] = "info"

    def to_xml(self) -> bytes:
        """Write the `<note/>` element."""
        return element("note", None, {"type": self.type}, self.text)


@attrs.frozen
class Done:
    """What came of a command: remarks, and serialised elements such as a form of results."""

    notes: tuple[Note, ...] = ()
    content: tuple[bytes, ...] = ()


@attrs.frozen
class Step:
    """A form to fill in.

    `then` is called with its values by name, and gives the next step or the end; it raises
    FormError for values that cannot be, `CommandFailed` and `StanzaError`. `last`: nothing more
    will be asked.
    """

    form: Form
    then: Callable[[dict[str, FieldValue]], Awaitable["Step | Done"]]
    last: bool = True


class Command(Protocol):
    """Something that can be done; `name` is for people."""

    @property
    def node(self) -> str: ...
    @property
    def name(self) -> str: ...
    def permits(self, requester: Jid) -> bool:
        """Whether that one may do it, and learn of it."""

    async def begin(self, requester: Jid) -> Step | Done:
        """Begin; raises like `Step.then`."""


class Commanding:
    """Inherited beside `Extension` by those that have commands at the host."""

    def commands(self) -> Iterable[Command]:
        """The commands, the same ones each time."""
        return ()
