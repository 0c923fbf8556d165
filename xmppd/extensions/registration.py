"""XEP-0077: making an account, changing its password and removing it, all in band."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.accounts.registry import AccountExists
from xmppd.component.extension import (
    ACCOUNT,
    HOST,
    OWN_ACCOUNT,
    SERIAL,
    VISITOR,
    SessionExtension,
    iq,
)
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Field, FieldType, Form, FormError, FormType
from xmppd.protocol.jid import InvalidJid, Jid, new_local
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza
from xmppd.sm.host import Visitor
from xmppd.sm.passwords import PasswordElsewhere, change_password
from xmppd.sm.removal import remove_account, was_removed
from xmppd.sm.session import Session

REGISTER = "jabber:iq:register"
FEATURE = "http://jabber.org/features/iq-register"

MAX_REMEMBERED = 10_000
"""Addresses and streams whose registrations are remembered."""

INSTRUCTIONS = "Choose a username and a password for your account."
FORM = Form(
    FormType.FORM,
    (
        Field("FORM_TYPE", FieldType.HIDDEN, REGISTER),
        Field("username", FieldType.TEXT_SINGLE, label="Username", required=True),
        Field("password", FieldType.TEXT_PRIVATE, label="Password", required=True),
    ),
    "Registration",
    (INSTRUCTIONS,),
)


class Tally:
    """How often each of many keys has been counted within the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def count(self, key: str, now: float) -> int:
        """Count it, and tell how often that has been done lately, this time included."""
        times = [time for time in self._times.pop(key, ()) if now - time < self.seconds]
        self._times[key] = [*times, now]
        if len(self._times) > MAX_REMEMBERED:
            self._times.popitem(last=False)
        return len(times) + 1


class Registration(SessionExtension):
    """XEP-0077, 3: strangers register where that is open; whoever has an account cares for it."""

    xep = 77, "2.4"
    features = (REGISTER,)

    @attrs.frozen
    class Options:
        open: bool = False
        """Whether anybody may make an account."""
        per_address: int = 5
        """How many times one address, or one network of IPv6, may try within that time."""
        seconds: float = 3600.0
        """The time within which tries are counted."""

    def setup(self) -> None:
        self._tries = Tally(self.options.seconds)
        self.reload(self.options)

    def reload(self, options: Any) -> None:
        self.options = options
        self._tries.seconds = options.seconds
        # XEP-0077, 8: offered only where it is possible
        self.before_login = (element("register", FEATURE),) if options.open else ()  # type: ignore[misc]

    # Without an account

    @iq("get", REGISTER, "query", to=VISITOR)
    def ask(self, request: Stanza, visitor: Visitor) -> Stanza:
        """XEP-0077, 3.1: what is needed, as a form and for those who know no forms."""
        self._check_open()
        fields = element("username"), element("password")
        return _answer(
            request, element("instructions", None, None, INSTRUCTIONS), *fields, FORM.to_xml()
        )

    @iq("set", REGISTER, "query", to=VISITOR, discipline=SERIAL)
    async def register(self, request: Stanza, visitor: Visitor) -> Stanza:
        """XEP-0077, 3.1: conflict for a name that is or was somebody's, else not-acceptable."""
        self._check_open()
        query = _query(request)
        if _children(query, "remove"):
            raise StanzaError("unexpected-request", "log in first")
        name, password = _wanted(query)
        if self._are_too_many(visitor):
            raise StanzaError("not-acceptable", "too many registrations, try again later")
        if await was_removed(self.host, name):
            raise StanzaError("conflict")
        try:
            await self.host.accounts.create(name, password)
        except AccountExists:
            raise StanzaError("conflict") from None
        except ValueError as error:
            raise StanzaError("not-acceptable", str(error)) from None
        account, peer = Jid.of(name, self.host.domain), visitor.facts.peer
        self.host.log.info("{account} registered from {peer}", account=account, peer=peer)
        return request.reply()

    def _check_open(self) -> None:
        if not self.options.open or self.host.accounts is None:
            raise StanzaError("service-unavailable")

    def _are_too_many(self, visitor: Visitor) -> bool:
        tries: int = self._tries.count(_network(visitor.facts.peer), self._now())
        return bool(self.host.is_limited) and tries > self.options.per_address

    def _now(self) -> float:
        now: float = self.host.clock.seconds()
        return now

    # With an account

    @iq("get", REGISTER, "query", to=OWN_ACCOUNT | HOST)
    def show(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0077, 3.1: that there is an account already, and its name."""
        name = _present(session).jid.local
        return _answer(
            request,
            element("registered"),
            element("username", None, None, name),
            element("password"),
        )

    @iq("set", REGISTER, "query", to=OWN_ACCOUNT | HOST)
    def change(self, request: Stanza, session: Session | None) -> Deferred[Stanza]:
        """XEP-0077, 3.2 and 3.3: a removal or another password."""
        query, session = _query(request), _present(session)
        if _children(query, "remove"):
            return Deferred.fromCoroutine(self._remove(request, query, session))
        return Deferred.fromCoroutine(self._change_password(request, query, session))

    async def _remove(self, request: Stanza, query: Element, session: Session) -> Stanza:
        if len(list(query.elements())) != 1:
            raise StanzaError("bad-request", "to remove an account, ask for nothing else")
        if self.host.accounts is None:
            raise StanzaError("not-allowed", "accounts are not made or removed here")
        await remove_account(self.host, session.jid.local, session)
        return request.reply()

    async def _change_password(self, request: Stanza, query: Element, session: Session) -> Stanza:
        given = _given(query)
        name, password = given.get("username", ""), given.get("password", "")
        if not name or not password:
            raise StanzaError("bad-request", "a username and a new password are needed")
        if self._account(name) != session.jid.bare:
            raise StanzaError("forbidden", "this is not your account")
        try:
            await change_password(self.host, session.jid.local, password)
        except (NoSuchAccount, PasswordElsewhere):
            raise StanzaError("not-allowed", "passwords are not changed here") from None
        except ValueError as error:
            raise StanzaError("bad-request", str(error)) from None
        return request.reply()

    def _account(self, name: str) -> Jid | None:
        """The account that somebody names, with or without its domain."""
        try:
            return Jid.parse(name) if "@" in name else Jid.of(name, self.host.domain)
        except InvalidJid:
            return None

    @iq("get", REGISTER, "query", to=ACCOUNT)
    @iq("set", REGISTER, "query", to=ACCOUNT)
    def foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0077, 3.2: somebody else's; alike whether the account exists or not."""
        raise StanzaError("forbidden")


def _present(session: Session | None) -> Session:
    """XEP-0077, 3.1.1: accounts are for those who come to this server themselves."""
    if session is None:
        raise StanzaError("service-unavailable")
    return session


def _query(request: Stanza) -> Element:
    query = request.payload()
    assert query is not None
    return query


def _answer(request: Stanza, *content: bytes) -> Stanza:
    return request.reply(element("query", REGISTER, None, *content))


def _wanted(query: Element) -> tuple[str, str]:
    """The name and password of the account that somebody wants; not-acceptable if one lacks."""
    form = _form(query)
    given = _given(query)
    try:
        if form is not None:
            FORM.validate(form)
        if not given.get("username") or not given.get("password"):
            raise FormError("a username and a password are needed")
        return new_local(given["username"]), given["password"]
    except ValueError as error:
        raise StanzaError("not-acceptable", str(error)) from None


def _given(query: Element) -> dict[str, str]:
    """What was filled in; a form takes precedence (XEP-0077, 4)."""
    form = _form(query)
    if form is not None:
        return {field.var: "".join(field.values[:1]) for field in form.fields}
    return {child.name: str(child) for child in _children(query)}


def _form(query: Element) -> Form | None:
    for found in query.elements(DATA_FORMS, "x"):
        try:
            return Form.parse(found)
        except FormError as error:
            raise StanzaError("bad-request", str(error)) from None
    return None


def _children(query: Element, name: str | None = None) -> list[Element]:
    children: Iterator[Element] = query.elements()
    return [one for one in children if one.uri == REGISTER and name in (None, one.name)]


def _network(peer: str) -> str:
    """What counts as one address: of IPv6 the /64 that one customer has."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if address.version == 4:
        return peer
    return str(ipaddress.ip_network((address, 64), strict=False))
