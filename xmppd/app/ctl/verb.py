"""What an administrative verb is: its name, what it takes, who may use it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import attrs
from twisted.internet.defer import Deferred

from xmppd.app.config_model import Config
from xmppd.app.config_words import shown, suggestion
from xmppd.app.linking import LinkService
from xmppd.component.commands import CommandFailed
from xmppd.link.router import Router
from xmppd.sm.manager import SessionManager
from xmppd.storage.stores import StoreMap

Kind: TypeAlias = Literal[
    "jid", "domain", "link", "password", "file", "text", "accounts", "number", "flag"
]
"""What a parameter holds: texts, but for `accounts`, a list of pairs of JID and password, for
`number`, a whole one, and for `flag`, true or false."""

Tell: TypeAlias = Callable[[Any], None]
"""Takes one part of what a verb gives, a value that JSON can hold."""


class Role(Protocol):
    """A process of a server, or the whole of it."""

    config: Config
    reactor: Any
    opened: Deferred[Any] | None

    def reload(self, config: Config) -> None:
        """Take another configuration as far as that goes while running."""


class Server(Role, Protocol):
    """A process that keeps sessions and accounts."""

    stores: StoreMap
    manager: SessionManager


class Routing(Role, Protocol):
    """A process that has a router; `links` are the places where it is connected to."""

    router: Router
    links: Sequence[LinkService]


class Refused(CommandFailed):
    """A verb is not carried out; the text says why in one line."""


@attrs.frozen
class Parameter:
    """One thing that a verb takes.

    To `xmppctl` it is an argument, or the option `flag`; `metavar` is what its help calls it.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = True
    flag: str = ""
    choices: tuple[str, ...] = ()
    metavar: str | None = None

    def check(self, value: Any) -> Any:
        """Return the value. Raises `Refused`, which never quotes it: it may be a password."""
        fits, expected = _KINDS.get(self.kind, (_is_text, "text"))
        if not fits(value):
            raise Refused(f"{self.name}: must be {expected}")
        if self.choices and value not in self.choices:
            raise Refused(f"{self.name}: {shown(value)} ({suggestion(value, self.choices)})")
        return value


@attrs.frozen
class Verb:
    """One thing that an administrator can have done.

    `call` takes the server and the parameters by name, and gives a value that JSON can hold; with
    `streams` also `tell`, which takes parts of it as they come.
    `needs`: `server`, only while it runs; `store`, also on the stores of one that does not;
    `files`, even without opening stores. `role`: which process can do it. `who`: `admin`, the
    accounts that the configuration names too; `owner`, only whoever owns the data directory.
    `seconds` is how long it may take. One that `changes` something is a line in the log.
    """

    name: str
    doc: str
    call: Callable[..., Awaitable[Any]]
    parameters: tuple[Parameter, ...] = ()
    needs: Literal["files", "store", "server"] = "store"
    role: Literal["any", "sessions", "router", "servers", "rooms"] = "sessions"
    who: Literal["admin", "owner"] = "admin"
    seconds: float = 30.0
    streams: bool = False
    changes: bool = False

    def subjects(self, given: Mapping[str, Any]) -> list[str]:
        """What of its arguments may be told: whom it is about, never what it says to them."""
        return [
            str(given[parameter.name])
            for parameter in self.parameters
            if parameter.kind in _TOLD and parameter.name in given
        ]

    @property
    def command(self) -> str:
        """The words by which `xmppctl` knows it."""
        return self.name.replace("_", " ")

    def checked(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as `call` takes them. Raises `Refused`."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in args:
            if name not in known:
                raise Refused(f"{self.name} takes no {shown(name)} ({suggestion(name, known)})")
        for name, parameter in known.items():
            if parameter.required and name not in args:
                raise Refused(f"{self.name}: {name} is missing ({parameter.doc})")
        return {name: known[name].check(value) for name, value in args.items()}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_accounts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_account, value))


def _is_account(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(part, str) for part in value)
    )


_TOLD: frozenset[Kind] = frozenset({"jid", "domain", "link", "file"})

_KINDS: Mapping[Kind, tuple[Callable[[Any], bool], str]] = {
    "accounts": (_is_accounts, "a list of [JID, password]"),
    "number": (_is_number, "a whole number"),
    "flag": (_is_flag, "true or false"),
}

# What several verbs ask for

JID = Parameter("jid", "jid", "The account; without a domain, of the first domain.")
AT_MOST = Parameter("most", "number", "How many at most.", required=False, flag="--most")
WAY = (
    Parameter("sender", "jid", "Who would send it.", metavar="FROM"),
    Parameter("to", "jid", "Whom it would be for."),
)
