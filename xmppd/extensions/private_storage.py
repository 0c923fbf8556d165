"""XEP-0049: XML that a client keeps at its server, for itself alone."""

from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.words.xish.domish import Element

from xmppd.accounts.bound import OwnTable
from xmppd.component.extension import ACCOUNT, OWN_ACCOUNT, SessionExtension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.storage.codecs import XmlCodec
from xmppd.storage.interfaces import Row

PRIVATE = "jabber:iq:private"


class PrivateStorage(SessionExtension):
    """XEP-0049, 2: one row for each element by its namespace and name."""

    xep = 49, "1.2"
    features = account_features = (PRIVATE,)

    @attrs.frozen
    class Options:
        elements: int = 100
        """Elements that one account may keep."""

    @iq("get", PRIVATE, "query", to=OWN_ACCOUNT)
    def get(self, request: Stanza, session: Session) -> Deferred[Stanza]:
        """The element of that name, or the empty one that was asked with."""
        asked = _elements(request)
        if len(asked) != 1:
            raise StanzaError("not-acceptable", "a get names exactly one element")

        def answer(row: Row[bytes] | None) -> Stanza:
            found = _to_bytes(asked[0]) if row is None else row.value
            return request.reply(element("query", PRIVATE, None, found))

        return self._table(session).get(_key(asked[0])).addCallback(answer)

    @iq("set", PRIVATE, "query", to=OWN_ACCOUNT)
    async def set(self, request: Stanza, session: Session) -> Stanza:
        """Keep the elements, all or none; an empty one takes its predecessor away."""
        given = {_key(one): one for one in _elements(request)}
        table = self._table(session)
        await self._check_room(table, [key for key, one in given.items() if not _empty(one)])
        with session.user.account.unit() as kept:
            for key, one in given.items():
                if _empty(one):
                    table.remove(key)
                else:
                    table.put(key, _to_bytes(one))
        await kept
        return request.reply()

    @iq("get", PRIVATE, "query", to=ACCOUNT)
    @iq("set", PRIVATE, "query", to=ACCOUNT)
    def foreign(self, request: Stanza, session: Session | None) -> Stanza:
        """XEP-0049, 2.3: nobody else's; alike whether the account exists or not."""
        raise StanzaError("forbidden")

    def _table(self, session: Session) -> OwnTable[bytes]:
        table: OwnTable[bytes] = session.user.account.table("private", XmlCodec())
        return table

    async def _check_room(self, table: OwnTable[bytes], keys: list[str]) -> None:
        new = [key for key in keys if await table.get(key) is None]
        if new:
            rows = await table.items(limit=self.options.elements)
            if len(rows) + len(new) > self.options.elements:
                raise StanzaError("resource-constraint", "too many elements are kept already")


def _elements(request: Stanza) -> list[Element]:
    """What the query holds; XEP-0049, 2.3: each in a namespace of its own, each name once."""
    query: Any = request.payload()
    found = list(query.elements())
    if not found or any(not one.uri or one.uri == PRIVATE for one in found):
        raise StanzaError("not-acceptable", "private data has a namespace of its own")
    if len({_key(one) for one in found}) < len(found):
        raise StanzaError("not-acceptable", "an element is given twice")
    return found


def _key(one: Element) -> str:
    return f"{{{one.uri}}}{one.name}"


def _empty(one: Element) -> bool:
    return not one.children and not one.attributes


def _to_bytes(one: Element) -> bytes:
    xml: str = one.toXml()
    return xml.encode()
