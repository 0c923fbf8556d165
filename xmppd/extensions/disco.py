"""Service discovery: what the host and its accounts are, can do, and hold."""

from collections.abc import Awaitable, Iterable
from typing import TypeVar

import attrs

from xmppd.component.discovery import (
    DISCO_INFO,
    DISCO_ITEMS,
    Discoverable,
    Identity,
    Info,
    Item,
    items_answer,
    node_of,
)
from xmppd.component.extension import ACCOUNT, HOST, OWN_ACCOUNT, Extension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import FORM_TYPE, Form
from xmppd.protocol.stanza import Stanza

T = TypeVar("T")


class Disco(Extension):
    """XEP-0030: answer disco#info (3) and disco#items (4) for the host and its accounts, with the
    forms of XEP-0128.

    Strangers get the same answers for all accounts, existing or not (8): service-unavailable
    and an empty list.
    """

    xep = 30, "2.5.0"
    also = ((128, "1.0.1"),)
    features = (DISCO_INFO, DISCO_ITEMS)
    identities = (Identity("server", "im", "xmppd"),)
    account_features = (DISCO_INFO, DISCO_ITEMS)
    account_identities = (Identity("account", "registered"),)

    @iq("get", DISCO_INFO, "query", to=HOST)
    def info_of_host(self, request: Stanza) -> Stanza | Awaitable[Stanza]:
        """Who the host is and what it can do."""
        if node := node_of(request):
            return self._info_of_node(request, node)
        return host_info(self.host.dispatch.extensions).answer(request)

    @iq("get", DISCO_INFO, "query", to=OWN_ACCOUNT | ACCOUNT)
    def info_of_account(self, request: Stanza) -> Stanza | Awaitable[Stanza]:
        """What the server does for an account."""
        if self.host.visible(request) is None:
            raise StanzaError("service-unavailable")
        if node := node_of(request):
            return self._info_of_node(request, node)
        return account_info(self.host.dispatch.extensions).answer(request)

    @iq("get", DISCO_ITEMS, "query", to=HOST)
    def items_of_host(self, request: Stanza) -> Stanza | Awaitable[Stanza]:
        """What else there is at this host."""
        if node := node_of(request):
            return self._items_of_node(request, node)
        items = [item for extension in self._discoverable() for item in extension.host_items()]
        return items_answer(request, [*self.host.services, *items])

    @iq("get", DISCO_ITEMS, "query", to=OWN_ACCOUNT | ACCOUNT)
    async def items_of_account(self, request: Stanza) -> Stanza:
        """The account's available resources, and what extensions keep for it."""
        user = self.host.visible(request)
        if user is None:
            return items_answer(request, ())
        if node := node_of(request):
            return await self._items_of_node(request, node)
        items = [Item(session.jid) for session in user.available]
        for extension in self._discoverable():
            items += await _value(extension.account_items(request))
        return items_answer(request, items)

    async def _info_of_node(self, request: Stanza, node: str) -> Stanza:
        for extension in self._discoverable():
            info = await _value(extension.node_info(request, node))
            if info is not None:
                return info.answer(request)
        raise StanzaError("item-not-found")

    async def _items_of_node(self, request: Stanza, node: str) -> Stanza:
        for extension in self._discoverable():
            items = await _value(extension.node_items(request, node))
            if items is not None:
                return items_answer(request, items)
        raise StanzaError("item-not-found")

    def _discoverable(self) -> list[Discoverable]:
        extensions = self.host.dispatch.extensions
        return [extension for extension in extensions if isinstance(extension, Discoverable)]


def host_info(extensions: Iterable[Extension]) -> Info:
    """What a host is and can do, by what its extensions declare."""
    extensions = list(extensions)
    return Info(
        _once(identity for extension in extensions for identity in extension.identities),
        _once(feature for extension in extensions for feature in extension.features),
        _merged(
            form
            for extension in extensions
            if isinstance(extension, Discoverable)
            for form in extension.host_forms()
        ),
    )


def account_info(extensions: Iterable[Extension]) -> Info:
    """What the host does for its accounts, by what its extensions declare."""
    extensions = list(extensions)
    return Info(
        _once(identity for extension in extensions for identity in extension.account_identities),
        _once(feature for extension in extensions for feature in extension.account_features),
    )


def _once(values: Iterable[T]) -> tuple[T, ...]:
    """Each but once: an answer with repetitions is ill-formed (XEP-0115, 5.4)."""
    return tuple(dict.fromkeys(values))


def _merged(forms: Iterable[Form]) -> tuple[Form, ...]:
    """Forms of one FORM_TYPE made one: there may not be two (XEP-0115, 5.4)."""
    merged: dict[str, Form] = {}
    for form in forms:
        first = merged.setdefault(form.form_type, form)
        if first is not form:
            more = [field for field in form.fields if field.var != FORM_TYPE]
            merged[form.form_type] = attrs.evolve(first, fields=(*first.fields, *more))
    return tuple(merged.values())


async def _value(found: T | Awaitable[T]) -> T:
    return await found if isinstance(found, Awaitable) else found
