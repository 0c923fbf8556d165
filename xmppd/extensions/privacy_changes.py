"""Changes of privacy lists: kept, applied, and told to those who notice them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs
from twisted.internet.defer import Deferred, succeed

from xmppd.component.extension import Extension
from xmppd.extensions.privacy import (
    NO_FILTER,
    ActiveList,
    Guard,
    denies,
    lists_document,
    lists_of,
)
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.privacy import PRESENCE_IN, PRESENCE_OUT, Filter, Lists
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User

if TYPE_CHECKING:
    from xmppd.sm.host import Host

MAX_RULES = 10_000
"""Rules in all lists of an account."""
MAX_LISTS = 100


class PrivacyWatcher(Extension):
    """An extension that shows clients privacy lists, and so has to tell of others' changes."""

    def privacy_changed(self, user: User, old: Lists, new: Lists) -> None:
        """The lists of an account have been changed, and the change is kept."""


def change(host: Host, user: User, new: Lists, by: PrivacyWatcher) -> Deferred[None]:
    """Apply the lists of an account at once; fires when they are kept.

    All watchers but `by` are told then. Raises StanzaError resource-constraint for too much; fails
    as the storage does, and then what it holds applies again.
    """
    if len(new.lists) > MAX_LISTS or sum(map(len, new.lists.values())) > MAX_RULES:
        raise StanzaError("resource-constraint", "too many rules")
    old = lists_of(user)
    if new == old:
        return succeed(None)
    document = lists_document(user)
    storing: Deferred[Any] = document.put(new) if new.lists else document.remove()
    _replace(host, user, new)

    def kept(_: object) -> None:
        for watcher in host.dispatch.extensions:
            if isinstance(watcher, PrivacyWatcher) and watcher is not by:
                watcher.privacy_changed(user, old, new)

    def failed(failure: Any) -> Any:
        again = document.get()
        again.addCallback(lambda found: _replace(host, user, found.value if found else Lists()))
        return again.addErrback(host.failed).addCallback(lambda _: failure)

    return storing.addCallbacks(kept, failed)


def _replace(host: Host, user: User, lists: Lists) -> None:
    old = lists_of(user)

    def apply() -> None:
        if lists.lists:
            user.notes[Guard] = Guard(lists)
        else:
            user.notes.pop(Guard, None)

    _shifting(host, user, user.available, apply, _resources(old) | _resources(lists))


def activate(host: Host, session: Session, name: str | None) -> None:
    """Have a list apply to one session for as long as it lasts; None: the default one again."""

    def apply() -> None:
        if name is None:
            session.notes.pop(ActiveList, None)
        else:
            session.notes[ActiveList] = ActiveList(name)

    sessions = [session] if session.available else []
    _shifting(host, session.user, sessions, apply, _resources(lists_of(session.user)))


def _shifting(
    host: Host, user: User, sessions: list[Session], apply: Callable[[], None], more: set[Jid]
) -> None:
    """Apply something, and correct what the sessions' contacts and the sessions see."""
    before = [_filter_of(session) for session in sessions]
    apply()
    for session, old in zip(sessions, before, strict=True):
        shift = _Shift(host, session, old, _filter_of(session))
        shift.outward(more)
        shift.inward()


@attrs.frozen
class _Shift:
    """One session between what applied to it and what applies now."""

    host: Host
    session: Session
    old: Filter
    new: Filter

    def outward(self, more: Iterable[Jid]) -> None:
        """XEP-0016, 2.11; XEP-0191, 3.3 and 3.4: for those who may see it by RFC 6121."""
        session, user = self.session, self.session.user
        presence = session.presence
        assert presence is not None
        gone = Stanza.make("presence", sender=session.jid, type="unavailable")
        seeing = {one.jid for one in user.contacts.values() if one.contact_subscribed}
        seeing |= {jid for jid in more if user.entitles(jid)}
        directed = (session.directed or set()) - seeing
        for jid in sorted(seeing | directed):
            change = self._change(PRESENCE_OUT, jid)
            if change == -1:
                self.host.send(gone.readdressed(jid))
            elif change == 1 and jid in seeing:
                self.host.send(presence.readdressed(jid))

    def inward(self) -> None:
        """XEP-0016, 2.10: contacts that are hidden from now on seem to go, others come back."""
        session = self.session
        probe = Stanza.make("presence", sender=session.jid, type="probe")
        gone = Stanza.make("presence", to=session.jid, type="unavailable")
        for contact in list(session.user.contacts.values()):
            if contact.user_subscribed:
                change = self._change(PRESENCE_IN, contact.jid)
                if change == -1:
                    session.deliver(gone.readdressed(sender=contact.jid))
                elif change == 1:
                    self.host.send(probe.readdressed(contact.jid))

    def _change(self, kind: str, jid: Jid) -> int:
        """1: allowed from now on; -1: denied from now on; 0: as before."""
        user = self.session.user
        return denies(self.old, user, kind, jid) - denies(self.new, user, kind, jid)


def _filter_of(session: Session) -> Filter:
    guard: Guard | None = session.user.notes.get(Guard)
    return NO_FILTER if guard is None else guard.of(session)


def _resources(lists: Lists) -> set[Jid]:
    """The full JIDs that rules are about: a contact's resource may be blocked by itself."""
    rules = [rule for list in lists.lists.values() for rule in list if rule.type == "jid"]
    found = [Jid.parse(rule.value) for rule in rules if "/" in rule.value]
    return {jid for jid in found if jid.local}
