"""XEP-0016: privacy lists, made and chosen by clients."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.component.extension import OWN_ACCOUNT, SessionExtension, iq
from xmppd.extensions.privacy import ActiveList, lists_of
from xmppd.extensions.privacy_changes import PrivacyWatcher, activate, change
from xmppd.extensions.privacy_turns import in_turn
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.privacy import PRIVACY, Lists, Rule, parse_rules
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.sm.user import User

MAX_NAME = 1_023
"""Longest name of a list, in bytes of UTF-8."""


class PrivacyLists(PrivacyWatcher, SessionExtension):
    """XEP-0016: lists of rules by JID, group or subscription, by default or for one session."""

    xep = 16, "1.7"
    needs = ("privacy",)
    features = (PRIVACY,)

    @iq("get", PRIVACY, "query", to=OWN_ACCOUNT)
    def get(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0016, 2.3: the names of all lists, or the rules of one."""
        return in_turn(session, partial(self._get, request, session))

    def _get(self, request: Stanza, session: Session) -> Stanza:
        children = _children(request)
        lists = lists_of(session.user)
        if not children:
            return request.reply(element("query", PRIVACY, None, *_names(lists, session)))
        if len(children) > 1 or children[0].name != "list":
            raise StanzaError("bad-request", "a get is for one list")
        name = _existing(lists, children[0].getAttribute("name", ""))
        items = [rule.to_item() for rule in lists.lists[name]]
        content = element("list", None, {"name": name}, *items)
        return request.reply(element("query", PRIVACY, None, content))

    @iq("set", PRIVACY, "query", to=OWN_ACCOUNT)
    def set(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """XEP-0016, 2.1: exactly one thing at a time."""
        return in_turn(session, partial(self._set, request, session))

    def _set(self, request: Stanza, session: Session) -> Stanza | Deferred[Stanza]:
        children = _children(request)
        if len(children) != 1:
            raise StanzaError("bad-request", "a set is for one thing")
        [child] = children
        name: str | None = child.getAttribute("name")
        if child.name == "active":
            return self._activate(request, session, name)
        if child.name == "default":
            return self._set_default(request, session, name)
        if child.name == "list" and name:
            return self._set_list(request, session, name, list(child.elements(PRIVACY, "item")))
        raise StanzaError("bad-request", "active, default, or a list with a name")

    def _activate(self, request: Stanza, session: Session, name: str | None) -> Stanza:
        """XEP-0016, 2.4; no name: the default list applies to the session again."""
        if name is not None:
            _existing(lists_of(session.user), name)
        activate(self.host, session, name)
        return request.reply()

    def _set_default(
        self, request: Stanza, session: Session, name: str | None
    ) -> Stanza | Deferred[Stanza]:
        """XEP-0016, 2.5; no name: there is to be none."""
        lists = lists_of(session.user)
        if name is not None:
            _existing(lists, name)
        if lists.default == (name or ""):
            return request.reply()
        if lists.default and _others(session, lists, lists.default):
            raise StanzaError("conflict", "another session uses the default list")
        return self._change(request, session, Lists(name or "", lists.lists), ())

    def _set_list(
        self, request: Stanza, session: Session, name: str, items: list[Element]
    ) -> Deferred[Stanza]:
        """XEP-0016, 2.6 and 2.7; without items the list goes (2.8)."""
        lists = lists_of(session.user)
        if not items:
            _existing(lists, name)
            if _others(session, lists, name):
                raise StanzaError("conflict", "another session uses this list")
            active: ActiveList | None = session.notes.get(ActiveList)
            if active is not None and active.name == name:
                activate(self.host, session, None)
        if len(name.encode()) > MAX_NAME:
            raise StanzaError("not-acceptable", "the name is too long")
        new = lists.with_list(name, _rules(items, session.user))
        return self._change(request, session, new, (name,))

    def _change(
        self, request: Stanza, session: Session, new: Lists, pushed: Iterable[str]
    ) -> Deferred[Stanza]:
        def kept(_: object) -> Stanza:
            self._push(session.user, pushed)
            return request.reply()

        return change(self.host, session.user, new, self).addCallback(kept)

    def privacy_changed(self, user: User, old: Lists, new: Lists) -> None:
        """XEP-0016, 2.2, 10: what blocking has done to the lists."""
        names = {**old.lists, **new.lists}
        self._push(user, [name for name in names if old.lists.get(name) != new.lists.get(name)])

    def _push(self, user: User, names: Iterable[str]) -> None:
        """XEP-0016, 2.2, 10: the name alone, to all sessions."""
        for name in names:
            payload = element("query", PRIVACY, None, element("list", None, {"name": name}))
            for session in user.sessions.values():
                id = self.host.next_id()
                session.deliver(Stanza.make("iq", payload, to=session.jid, type="set", id=id))


def _children(request: Stanza) -> list[Element]:
    payload = request.payload()
    return [] if payload is None else list(payload.elements())


def _existing(lists: Lists, name: str) -> str:
    if name not in lists.lists:
        raise StanzaError("item-not-found")
    return name


def _names(lists: Lists, session: Session) -> list[bytes]:
    """The active list, the default list, all lists (2.3)."""
    active: ActiveList | None = session.notes.get(ActiveList)
    found = [] if active is None else [("active", active.name)]
    found += [("default", lists.default)] if lists.default else []
    found += [("list", name) for name in lists.lists]
    return [element(kind, None, {"name": name}) for kind, name in found]


def _others(session: Session, lists: Lists, name: str) -> bool:
    """Whether a list applies to another session (2.2, 11)."""
    for other in session.user.sessions.values():
        active: ActiveList | None = other.notes.get(ActiveList)
        if other is not session and name == (lists.default if active is None else active.name):
            return True
    return False


def _rules(items: list[Element], user: User) -> tuple[Rule, ...]:
    try:
        rules = parse_rules(items)
    except ValueError as problem:
        raise StanzaError("bad-request", str(problem)) from None
    groups = {group for contact in user.contacts.values() for group in contact.groups}
    if any(rule.type == "group" and rule.value not in groups for rule in rules):
        raise StanzaError("item-not-found", "no such group in the roster")
    return rules
