"""A host: one domain that the session manager serves, and what its extensions may ask of it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.component.commands import CommandFailed
from xmppd.component.discovery import Item
from xmppd.component.dispatch import Dispatch, answer_to
from xmppd.component.extension import Extension, Target
from xmppd.component.session import StreamFacts
from xmppd.component.stages import Life
from xmppd.link.link import Link, Receiver
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza
from xmppd.sm import contacts
from xmppd.sm.detached import Bounds
from xmppd.sm.exchange import mechanisms_of
from xmppd.sm.residents import Residents
from xmppd.sm.traces import Traces
from xmppd.sm.user import User
from xmppd.storage.interfaces import (
    Codec,
    Document,
    Full,
    Log,
    Owner,
    ReadOnly,
    Table,
    Unavailable,
)

if TYPE_CHECKING:
    from xmppd.accounts.registry import Accounts
    from xmppd.accounts.stored import Stores
    from xmppd.sm.manager import SessionManager
    from xmppd.sm.session import Session

T = TypeVar("T")

Perform = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Carries out an administrative verb; raises `CommandFailed`, or what it gives does."""


@attrs.frozen
class Visitor:
    """A client that has not logged in, as handlers of `Target.VISITOR` get it."""

    stream: Jid
    facts: StreamFacts


_REFUSED_BY_STORAGE = Full, ReadOnly, Unavailable
_UNANSWERED = frozenset({"error", "result", "unavailable", "probe"})


class Host:
    """One domain: its accounts at work, its extensions, its stores.

    Extensions reach everything through it: `domain`, `jid`, `clock`, `users`, `accounts` (None
    where accounts are not ours), `dispatch`, `config` (free facts that the assembly gives, such as
    the software's name), `services` (what it lists beside itself), and the methods below.
    `open_link` makes links for further domains, and `perform` carries out what administrators can
    have done; whoever knows the router and the process sets them.
    """

    log = Logger()

    def __init__(
        self,
        domain: str,
        manager: SessionManager,
        portal: Portal,
        stores: Stores,
        accounts: Accounts | None = None,
        admins: Iterable[Jid] = (),
    ) -> None:
        self.domain = domain
        self.jid = Jid.of("", domain)
        self.owner = Owner(domain, "")
        self.manager = manager
        self.portal = portal
        self.realm: IRealm = portal.realm
        self.stores = stores
        self.accounts = accounts
        self.admins = frozenset(admins)
        self.resource_conflict = "replace"
        self.is_limited = True
        self.detaching: Bounds | None = None
        """What sessions that lose their streams may have; an extension sets it."""
        self.services: tuple[Item, ...] = ()
        self.mechanisms = mechanisms_of(portal)
        self.fallback_key = secrets.token_bytes(32)
        self.open_link: Callable[[list[str]], Link] = _no_link
        self.perform: Perform = _no_verbs
        self.clock: IReactorTime = manager.clock
        self.dispatch = Dispatch([])
        self.traces = Traces(self)
        self.residents = Residents(self)
        self.users = self.residents.users
        self._ids = count(1)

    def start(self, makers: Iterable[Callable[[Host], Extension]]) -> None:
        """Make the extensions and compile what they declare."""
        self.dispatch = Dispatch([make(self) for make in makers])
        self.traces.start()

    def stop(self) -> None:
        """Stop the extensions, those first that came last."""
        for extension in reversed(self.dispatch.extensions):
            self.guarded(extension.stop)

    # What extensions ask for

    def document(self, store: str, codec: Codec[T]) -> Document[T]:
        """A store of one value per owner; `self.owner` is the host itself."""
        return self.stores.document(store, codec)

    def table(self, store: str, codec: Codec[T], versioned: bool = False) -> Table[T]:
        """A store of rows per owner."""
        return self.stores.table(store, codec, versioned=versioned)

    def log_store(self, store: str) -> Log:
        """A store of entries per owner."""
        return self.stores.log(store)

    def send(self, stanza: Stanza) -> None:
        """Route a stanza; its `from` must be this host, one of its accounts or sessions."""
        self.manager.send(stanza)

    def ask(self, iq: Stanza, timeout: float = 30.0) -> Deferred[Stanza]:
        """Send an iq get or set from this host and wait for the answer; see `Requests.ask`."""
        return self.manager.requests.ask(iq, timeout)

    def attach(self, domain: str, receiver: Receiver) -> Link:
        """Serve another domain, such as one below this host, until the link is closed.

        Raises RouteTaken where somebody else has that domain.
        """
        link = self.open_link([domain])
        link.receiver = receiver
        return link

    def next_id(self) -> str:
        """An id for an iq whose answer does not matter."""
        return f"p{next(self._ids)}"

    def user(self, name: str) -> Deferred[User | None]:
        """The account of that localpart, loaded where it must be; None: there is none.

        Fails if it cannot be loaded now. Who asks first is answered first.
        """
        return self.residents.user(name)

    def session_of(self, jid: Jid | None) -> Session | None:
        """The session that has this full JID here, or None."""
        if jid is None or jid.domain != self.domain:
            return None
        user = self.users.get(jid.local)
        return None if user is None else user.sessions.get(jid.resource)

    def sessions(self) -> list[Session]:
        """All sessions of this host."""
        return [session for user in self.users.values() for session in user.sessions.values()]

    def visible(self, request: Stanza) -> User | None:
        """The account that a request is for, if its sender may see the account's presence.

        None alike where there is no such account, so that strangers cannot tell.
        """
        to, sender = request.to, request.sender
        user = None if to is None else self.users.get(to.local)
        return user if user is not None and sender is not None and user.entitles(sender) else None

    def push(self, user: User, jid: Jid) -> None:
        """Tell a user's sessions of a contact that somebody else has edited."""
        version: Deferred[str | None] = user.account.contacts.version()
        version.addCallback(lambda known: contacts.push(self, user, jid, known))
        version.addErrback(self.failed)

    # Accounts in memory

    def with_user(
        self,
        name: str,
        call: Callable[[User | None], None],
        failed: Callable[[Failure], None] | None = None,
    ) -> None:
        """Call with the account once it is loaded, at once where it is in memory; see `user`."""
        user = self.users.get(name)
        if user is not None:
            call(user)
        else:
            self.user(name).addCallbacks(call, failed or self.failed).addErrback(self.failed)

    def forget(self, name: str) -> None:
        """Drop an account from memory: it has been removed or changed behind our back."""
        self.residents.forget(name)

    # Answers

    def handle(self, target: Target, stanza: Stanza, session: Session | None) -> None:
        """Answer an iq to this host or one of its accounts."""
        if stanza.type not in ("get", "set"):
            self.manager.requests.answered(stanza)
            return
        handler = self.dispatch.handler(target, stanza)
        if handler is None:
            self.answer(session, stanza.error("service-unavailable"))
            return
        result = answer_to(stanza, handler, session, self._handler_failed)
        if isinstance(result, Stanza):
            self.answer_request(result, session, stanza)
        else:
            self.manager.overdue.answers(result, self, session, stanza)

    def answer_request(self, answer: Stanza, session: Session | None, request: Stanza) -> None:
        """Answer a request whose handler is done, when what that wrote is kept."""
        if session is not None and request.type == "set":
            self.manager.note_ticket(session)
        self.answer(session, answer)

    def answer_before(self, iq: Stanza, visitor: Visitor) -> Stanza | Deferred[Stanza]:
        """Answer an iq of a client that has not logged in."""
        handler = self.dispatch.handler(Target.VISITOR, iq)
        if handler is None:
            return iq.error("service-unavailable")
        if iq.to is not None and iq.to != self.jid:
            return iq.error("not-allowed")
        return answer_to(iq, handler, visitor, self._handler_failed)

    def answer(self, session: Session | None, answer: Stanza) -> None:
        """Send an answer of ours, to a session of ours not before what it wrote is kept."""
        if session is None:
            if answer.to is not None:
                self.manager.send(answer)
        elif session.ticket <= self.stores.kept:
            session.deliver(answer)
        else:
            self.manager.hold(session, answer)

    def refuse(self, stanza: Stanza, error: StanzaError) -> None:
        """Answer a stanza with an error, unless it asks for none (RFC 6120, 8.3.1)."""
        if stanza.type in _UNANSWERED or stanza.sender is None:
            return
        self.manager.send(stanza.error(error))

    def refuse_failure(self, failure: Failure, stanza: Stanza) -> None:
        """Answer a stanza whose handling failed: with its StanzaError, else as our own fault."""
        self.refuse(stanza, self.error_of(failure))

    def error_of(self, failure: Failure) -> StanzaError:
        """The StanzaError of a failure; what is not the storage's is logged, and our own fault."""
        if isinstance(failure.value, StanzaError):
            return failure.value
        if failure.check(*_REFUSED_BY_STORAGE) is not None:
            return StanzaError("resource-constraint")
        self.failed(failure)
        return StanzaError("internal-server-error")

    def failed(self, failure: Failure) -> None:
        """Log a failure that nobody waits for; what the storage refuses, that says by itself."""
        if failure.check(*_REFUSED_BY_STORAGE) is None:
            self.log.failure("Something failed at {domain}", failure, domain=self.domain)

    def guarded(self, hook: Callable[..., Any], *arguments: Any) -> None:
        """Call a hook whose result nobody waits for; its failure is only logged."""
        self.guarded_each((hook,), *arguments)

    def guarded_each(self, hooks: Iterable[Callable[..., Any]], *arguments: Any) -> None:
        """The same for several: each is called, whatever becomes of the others."""
        for hook in hooks:
            try:
                hook(*arguments)
            except Exception:
                self.log.failure("{hook} failed at {domain}", hook=hook, domain=self.domain)

    def _handler_failed(self) -> None:
        self.log.failure("A handler failed at {domain}", domain=self.domain)

    def tell(self, moment: Life, session: Session) -> None:
        """Call the hooks of a moment in a session's life."""
        self.guarded_each(self.dispatch.hooks(moment), session)


def _no_link(domains: list[str]) -> Link:
    raise LookupError(f"there is no router here to serve {', '.join(domains)}")


def _no_verbs(name: str, arguments: Mapping[str, Any]) -> Awaitable[Any]:
    raise CommandFailed("this server is not administered in this way")
