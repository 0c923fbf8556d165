"""The roster: get, set and removal (RFC 6121, 2), with versions (2.6)."""

from typing import Any

from twisted.internet.defer import Deferred

from xmppd.accounts.contacts import Contact, RosterError, read_roster_set, removed_item
from xmppd.component.extension import ACCOUNT, HOST, OWN_ACCOUNT, SessionExtension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import PRE_APPROVAL, ROSTER, ROSTER_VERSIONING
from xmppd.protocol.stanza import Stanza
from xmppd.sm import contacts
from xmppd.sm.session import Session
from xmppd.sm.subscriptions import removal


class Roster(SessionExtension):
    """RFC 6121, 2: an account's own roster; XEP-0237: versions of it."""

    xep = 237, "1.3"
    name = "roster"
    after_login = (element("ver", ROSTER_VERSIONING), element("sub", PRE_APPROVAL))

    @iq("get", ROSTER, "query", to=OWN_ACCOUNT)
    def get(self, request: Stanza, session: Session) -> Any:
        """The roster, or what changed since the version that the client has."""
        session.interested = True
        query = request.payload()
        since = None if query is None else query.getAttribute("ver")
        if not since:
            return self._whole(request, session, since is not None)
        changes: Deferred[Any] = session.user.account.contacts.changes(since)
        return changes.addCallback(self._changed, request, session)

    def _whole(
        self, request: Stanza, session: Session, versioned: bool
    ) -> Stanza | Deferred[Stanza]:
        user = session.user

        def answer(version: str | None) -> Stanza:
            # Only now: what changes before has been pushed, and the version speaks of it.
            items = [contact.to_item() for contact in user.contacts.values()]
            return request.reply(element("query", ROSTER, {"ver": version}, *items))

        if not versioned:
            return answer(None)
        _wait_for_newest(session)
        version: Deferred[str | None] = user.account.contacts.version()
        return version.addCallback(answer)

    def _changed(
        self,
        found: tuple[list[Contact], list[Jid], str] | None,
        request: Stanza,
        session: Session,
    ) -> Stanza | Deferred[Stanza]:
        """RFC 6121, 2.6.3: an empty result, then pushes, where that is less than the whole."""
        if found is None:
            return self._whole(request, session, True)
        _wait_for_newest(session)
        changed, removed, version = found
        items = [removed_item(jid) for jid in removed]
        items += [contact.to_item() for contact in changed]
        known = request.payload()
        assert known is not None
        # A client that gets no further than halfway asks again from where it was.
        versions = [known["ver"]] * (len(items) - 1) + [version]
        self.host.manager.turn.later(lambda: self._push_each(session, items, versions))
        return request.reply()

    def _push_each(self, session: Session, items: list[bytes], versions: list[str]) -> None:
        for item, version in zip(items, versions, strict=False):
            self.host.answer(session, contacts.push_to(self.host, session, item, version))

    @iq("set", ROSTER, "query", to=OWN_ACCOUNT)
    def set(self, request: Stanza, session: Session) -> Any:
        """Add, change or remove one contact; answered when that is kept."""
        query = request.payload()
        assert query is not None
        try:
            edit = read_roster_set(query)
        except RosterError as error:
            raise StanzaError(error.condition, str(error)) from None
        user = session.user
        old = user.contacts.get(edit.jid)
        if edit.jid == user.jid:
            raise StanzaError("not-allowed", "nobody is a contact of their own")
        if edit.remove:
            return self._remove(request, session, old)
        kept = contacts.change(self.host, user, edit.jid, edit.apply(old))
        return kept.addCallback(lambda _: request.reply())

    def _remove(self, request: Stanza, session: Session, old: Contact | None) -> Deferred[Stanza]:
        """RFC 6121, 2.5: the item goes, and with it the subscriptions both ways."""
        if old is None:
            raise StanzaError("item-not-found")
        user, host = session.user, self.host
        kinds, seen = removal(old, old.jid in user.requests), user.available
        kept = contacts.change(host, user, old.jid, None)
        if user.requests.pop(old.jid, None) is not None:
            user.request_table.remove(old.jid).addErrback(host.failed)

        def tell(_: object) -> Stanza:
            for kind in kinds:
                if kind == "unsubscribed" and old.contact_subscribed:
                    contacts.send_unavailable(host, user, old.jid, seen)
                host.manager.send(Stanza.make("presence", to=old.jid, sender=user.jid, type=kind))
            return request.reply()

        return kept.addCallback(tell)

    @iq("get", ROSTER, "query", to=ACCOUNT | HOST)
    @iq("set", ROSTER, "query", to=ACCOUNT | HOST)
    def foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """Somebody else's roster: refused alike whether the account exists or not."""
        raise StanzaError("forbidden")


def _wait_for_newest(session: Session) -> None:
    """Have answers that tell of a version wait until a crash cannot take that back."""
    session.ticket = max(session.ticket, session.user.roster_ticket)
