"""Who has been shown sessions, so that they hear of the end even if this process dies.

With each account stands which of its sessions have broadcast presence and to whom they have sent it
directly, under the boot that has those sessions. A later boot tells the same people that the
sessions are gone (session protocol, 3.5 and 4).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import attrs
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from xmppd.sm.departed import Seen, depart
from xmppd.storage.codecs import AttrsCodec
from xmppd.storage.interfaces import Document, Owner, StorageError

if TYPE_CHECKING:
    from xmppd.accounts.stored import Stores
    from xmppd.sm.host import Host
    from xmppd.sm.user import User

STORE: Final = "traces"
WRITE_SECONDS: Final = 1.0
"""How long a change may wait, so that many are one write; nobody waits for it."""
GRACE_SECONDS: Final = 30.0
"""So long clients have to come back before others are told that they are gone."""
PAGE: Final = 50
PAGE_SECONDS: Final = 0.1
"""How long to rest after so many accounts."""

T = TypeVar("T")

Sessions: TypeAlias = dict[str, Seen]
"""By resource."""


@attrs.frozen
class Trace:
    """The sessions of one account that somebody has seen, by the boots that have them."""

    boots: dict[str, Sessions] = attrs.field(factory=dict)

    def with_boot(self, boot: str, sessions: Sessions) -> Trace:
        """With these as all sessions of a boot."""
        others = {name: seen for name, seen in self.boots.items() if name != boot}
        return Trace({**others, boot: sessions} if sessions else others)


class Traces:
    """The traces of one host's accounts."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._boot = str(host.manager.address)
        self._document = _document(host.stores)
        self._changed: dict[User, None] = {}
        self._lock = DeferredLock()

    def start(self) -> None:
        """If earlier boots have left something behind, see to it when clients have come back."""
        left = are_left(self._host.stores, self._host.domain)
        left.addCallback(self._begin).addErrback(self._host.failed)

    def _begin(self, left: bool) -> None:
        if left:
            self._host.clock.callLater(GRACE_SECONDS, self._follow)

    # Own sessions

    def changed(self, user: User) -> None:
        """A session of an account has been shown to somebody else, or to somebody less."""
        if not self._changed:
            self._host.clock.callLater(WRITE_SECONDS, self._write_changed)
        self._changed[user] = None

    def _write_changed(self) -> None:
        changed, self._changed = self._changed, {}
        for user in changed:
            self._in_turn(self._write, user)

    async def _write(self, user: User) -> None:
        seen = {
            session.jid.resource: Seen(session.available, sorted(session.directed or ()))
            for session in user.sessions.values()
            if session.available or session.directed
        }
        owner = Owner(self._host.domain, user.jid.local)
        self._put(owner, (await self._get(owner)).with_boot(self._boot, seen))

    # Former boots'

    def _follow(self) -> None:
        Deferred.fromCoroutine(self._follow_all()).addErrback(self._host.failed)

    async def _follow_all(self) -> None:
        domain, after = self._host.domain, ""
        while owners := await self._document.owners(domain, after, PAGE):
            for owner in owners:
                self._in_turn(self._end_former, owner)
            after = owners[-1].name
            await deferLater(self._host.clock, PAGE_SECONDS)

    async def _end_former(self, owner: Owner) -> None:
        trace = await self._get(owner)
        own = trace.boots.get(self._boot, {})
        former = [seen for boot, seen in trace.boots.items() if boot != self._boot]
        if not former:
            return
        user = await self._host.user(owner.name)
        if user is not None:
            for resource, seen in chain.from_iterable(map(Sessions.items, former)):
                depart(user, resource, seen)
        self._put(owner, Trace().with_boot(self._boot, own))

    # The document

    def _in_turn(self, work: Callable[[T], Coroutine[Deferred[Any], Any, None]], of: T) -> None:
        """One after the other, for each writes what it has made of what was there."""
        self._lock.run(work, of).addErrback(self._host.failed)

    async def _get(self, owner: Owner) -> Trace:
        found = await self._document.get(owner)
        return Trace() if found is None else found.value

    def _put(self, owner: Owner, trace: Trace) -> None:
        if trace.boots:
            self._document.put(owner, trace).addErrback(_not_kept)
        else:
            self._document.remove(owner).addErrback(_not_kept)


def are_left(stores: Stores, domain: str) -> Deferred[bool]:
    """Whether an earlier boot has left something behind: then that domain's host has to be made."""
    return _document(stores).owners(domain, limit=1).addCallback(bool)


def _document(stores: Stores) -> Document[Trace]:
    document: Document[Trace] = stores.document(STORE, AttrsCodec(Trace))
    return document


def _not_kept(failure: Failure) -> None:
    """Then somebody may not hear of an end."""
    failure.trap(StorageError)
