"""Extensions: registration is data.

An extension is a class in a file of its own. It declares what it handles with `iq` and `on`, what
it advertises with class attributes, and what can be configured with a dataclass `Options`.
"""

from collections.abc import Callable
from enum import Flag, auto
from typing import Any, ClassVar, TypeVar

import attrs

from xmppd.component.discovery import Identity
from xmppd.component.stages import Life, Stage

F = TypeVar("F", bound=Callable[..., Any])


class Target(Flag):
    """To whom an iq is addressed, as the component that serves the domain sees it."""

    HOST = auto()
    """The domain itself."""
    ACCOUNT = auto()
    """The bare JID of an account, by somebody else."""
    OWN_ACCOUNT = auto()
    """The sender's own account: its bare JID, or no `to` at all (RFC 6120, 10.3.3)."""
    VISITOR = auto()
    """The host, by a client that has not logged in; the session is then a `Visitor`."""


HOST, ACCOUNT, OWN_ACCOUNT = Target.HOST, Target.ACCOUNT, Target.OWN_ACCOUNT
VISITOR = Target.VISITOR


@attrs.frozen
class Parallel:
    """Queue discipline: at most `limit` of this handler's requests are worked on at a time."""

    limit: int


INLINE = Parallel(0)
"""Queue discipline: each request is handled as it comes, however many are unanswered."""
SERIAL = Parallel(1)
"""Queue discipline: the next request is handled when the one before has been answered."""


@attrs.frozen
class IqRule:
    """What `iq` notes on a handler."""

    type: str
    ns: str
    name: str
    to: Target
    discipline: Parallel


@attrs.frozen
class HookRule:
    """What `on` notes on a hook. `kind` is a stanza's name, or None for all."""

    stage: Stage
    kind: str | None
    having: tuple[tuple[str, str], ...] = ()
    noted: type | None = None


def iq(
    type: str, ns: str, name: str, *, to: Target, discipline: Parallel = INLINE
) -> Callable[[F], F]:
    """Have the method handle iqs of that type and payload, sent to one of those targets.

    The method is called with the request (in a `SessionExtension` also with the sender's session,
    None where the sender has none here). It returns the answer or an awaitable of it, or raises
    `StanzaError`.
    """
    return _noting("_iq_rules", IqRule(type, ns, name, to, discipline))


@attrs.frozen
class ElementRule:
    """What `stream_element` notes on a handler."""

    ns: str
    name: str


def stream_element(ns: str, name: str) -> Callable[[F], F]:
    """Have the method handle such elements of a client's stream, which are no stanzas.

    It is called with (element, session), after what the client sent before has been handled and
    before what it sent after that is. Client edges pass on `<enable/>` of XEP-0198 and what is of
    XEP-0352.
    """
    return _noting("_element_rules", ElementRule(ns, name))


def on(
    stage: Stage,
    kind: str | None = None,
    *having: tuple[str, str],
    noted: type | None = None,
) -> Callable[[F], F]:
    """Have the method called at that stage for stanzas of that name; see `stages`.

    `having`: only for those with a direct child of one of these namespaces and names. `noted`:
    only where the account has that note (`User.notes`). CHECK and MARK look for both before the
    first of their hooks is called, the other stages as they begin. Raises TypeError where there
    is no stanza.
    """
    if isinstance(stage, Life) and (having or noted is not None):
        raise TypeError("moments of a session have no conditions")
    return _noting("_hook_rules", HookRule(stage, kind, having, noted))


def _noting(attribute: str, rule: object) -> Callable[[F], F]:
    def noted(method: F) -> F:
        setattr(method, attribute, (*getattr(method, attribute, ()), rule))
        return method

    return noted


class Extension:
    """What every extension inherits.

    `xep`: number and version that it implements, `also` those of further ones; `name`: how
    configuration and `after` call it, the name of its module unless set. `features` and
    `identities` go into the host's disco#info, `account_features` and `account_identities` into
    an account's. `before_login` and `after_login` are stream features; the latter may be a
    property. `after` names extensions whose hooks come before this one's within a stage, `needs`
    those without which it cannot run at all.
    """

    xep: ClassVar[tuple[int, str] | tuple[()]] = ()
    also: ClassVar[tuple[tuple[int, str], ...]] = ()
    name: ClassVar[str] = ""
    features: ClassVar[tuple[str, ...]] = ()
    identities: ClassVar[tuple[Identity, ...]] = ()
    account_features: ClassVar[tuple[str, ...]] = ()
    account_identities: ClassVar[tuple[Identity, ...]] = ()
    before_login: ClassVar[tuple[bytes, ...]] = ()
    after: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    eager: ClassVar[bool] = False
    """Whether its host is made when the server starts, not at its first use: set it where
    something must be reachable from the first moment, as a domain of its own."""
    default: ClassVar[bool] = True
    """Whether it runs where the configuration says nothing of it."""

    @attrs.frozen
    class Options:
        """Nothing to configure, unless a subclass says otherwise."""

    def __init__(self, host: Any, options: Any) -> None:
        self.host = host
        self.options = options
        self.setup()

    def setup(self) -> None:
        """Open stores and the like; called once, when the host starts."""

    def stop(self) -> None:
        """Give back what `setup` took beyond stores; called once, when the host stops."""

    def reload(self, options: Any) -> None:
        """Take new options while running."""
        self.options = options

    @property
    def after_login(self) -> tuple[bytes, ...]:
        """Features of streams that have logged in; most that have some say so in a tuple."""
        return ()

    @classmethod
    def title(cls) -> str:
        """Its name in configuration and documentation."""
        return cls.name or cls.__module__.rpartition(".")[2]


class SessionExtension(Extension):
    """An extension whose iq handlers are also given the sender's session."""
