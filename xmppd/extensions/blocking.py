"""XEP-0191: block and unblock by JID; what is reported with it goes to `reports`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.component.extension import OWN_ACCOUNT, SessionExtension, iq
from xmppd.extensions.privacy import lists_of
from xmppd.extensions.privacy_changes import PrivacyWatcher, change
from xmppd.extensions.privacy_turns import in_turn
from xmppd.extensions.reports import Reports
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.privacy import Lists
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User

BLOCKING = "urn:xmpp:blocking"


class Blocking(PrivacyWatcher, SessionExtension):
    """XEP-0191: a list of blocked JIDs, which is part of the default privacy list."""

    xep = 191, "1.3"
    needs = ("privacy",)
    features = (BLOCKING,)

    @iq("get", BLOCKING, "blocklist", to=OWN_ACCOUNT)
    def get(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0191, 3.2. From now on the session is told of changes."""
        return in_turn(session, partial(self._get, request, session))

    def _get(self, request: Stanza, session: Session) -> Stanza:
        session.notes[Blocking] = True
        items = _items(lists_of(session.user).blocked())
        return request.reply(element("blocklist", BLOCKING, None, *items))

    @iq("set", BLOCKING, "block", to=OWN_ACCOUNT)
    def block(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0191, 3.3."""
        jids = _jids(request)
        if not jids:
            raise StanzaError("bad-request", "nobody to block")
        return in_turn(session, partial(self._block, request, session, jids))

    def _block(self, request: Stanza, session: Session, jids: list[str]) -> Deferred[Stanza]:
        new = lists_of(session.user).blocking(jids)
        answer = self._change(request, session, new, "block", jids)
        reports = self.host.dispatch.extension(Reports)
        if reports is not None:
            for item in _items_of(request):
                self.host.guarded(reports.take, session.user.jid, item)
        return answer

    @iq("set", BLOCKING, "unblock", to=OWN_ACCOUNT)
    def unblock(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0191, 3.4; 3.5: without items all of them."""
        return in_turn(session, partial(self._unblock, request, session, _jids(request)))

    def _unblock(self, request: Stanza, session: Session, jids: list[str]) -> Deferred[Stanza]:
        new = lists_of(session.user).unblocking(jids or None)
        return self._change(request, session, new, "unblock", jids)

    def _change(
        self, request: Stanza, session: Session, new: Lists, name: str, jids: Iterable[str]
    ) -> Deferred[Stanza]:
        def kept(_: object) -> Stanza:
            self._push(session.user, name, jids)
            return request.reply()

        return change(self.host, session.user, new, self).addCallback(kept)

    def privacy_changed(self, user: User, old: Lists, new: Lists) -> None:
        """XEP-0191, 5: what a client of privacy lists has done to the default one."""
        before, after = old.blocked(), new.blocked()
        for name, more, less in ("unblock", before, after), ("block", after, before):
            if jids := [jid for jid in more if jid not in set(less)]:
                self._push(user, name, jids)

    def _push(self, user: User, name: str, jids: Iterable[str]) -> None:
        """To those who have asked for the list."""
        payload = element(name, BLOCKING, None, *_items(jids))
        for session in user.sessions.values():
            if Blocking in session.notes:
                id = self.host.next_id()
                session.deliver(Stanza.make("iq", payload, to=session.jid, type="set", id=id))


def _items(jids: Iterable[str]) -> list[bytes]:
    return [element("item", None, {"jid": jid}) for jid in jids]


def _items_of(request: Stanza) -> list[Element]:
    """The `<item/>`s of a command."""
    payload = request.payload()
    return [] if payload is None else list(payload.elements(BLOCKING, "item"))


def _jids(request: Stanza) -> list[str]:
    try:
        return [Jid.parse(item.getAttribute("jid", "")) for item in _items_of(request)]
    except InvalidJid as error:
        raise StanzaError("jid-malformed", str(error)) from None
