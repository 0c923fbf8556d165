"""What service discovery says of an entity (XEP-0030), with extended information (XEP-0128)."""

from collections.abc import Awaitable, Iterable

import attrs

from xmppd.protocol.forms import Form
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"


@attrs.frozen
class Identity:
    """What kind of thing an entity is, by the registry of categories and types (XEP-0030, 3.1)."""

    category: str
    type: str
    name: str = ""
    lang: str = ""

    def to_xml(self) -> bytes:
        """Write the `<identity/>` element."""
        return element(
            "identity",
            None,
            {
                "category": self.category,
                "type": self.type,
                "name": self.name or None,
                "xml:lang": self.lang or None,
            },
        )


@attrs.frozen
class Info:
    """What an entity, or one of its nodes, is and can do."""

    identities: tuple[Identity, ...]
    features: tuple[str, ...]
    forms: tuple[Form, ...] = ()

    def answer(self, request: Stanza) -> Stanza:
        """The result of a disco#info request; its node is mirrored (XEP-0030, 3.2)."""
        content = [identity.to_xml() for identity in self.identities]
        content += [element("feature", None, {"var": feature}) for feature in self.features]
        content += [form.to_xml() for form in self.forms]
        return request.reply(element("query", DISCO_INFO, {"node": node_of(request)}, *content))


@attrs.frozen
class Item:
    """Something that belongs to an entity; `node` only where its JID alone does not name it."""

    jid: Jid
    node: str | None = None
    name: str = ""

    def to_xml(self) -> bytes:
        """Write the `<item/>` element."""
        attributes = {"jid": self.jid, "node": self.node, "name": self.name or None}
        return element("item", None, attributes)


def items_answer(request: Stanza, items: Iterable[Item]) -> Stanza:
    """The result of a disco#items request; its node is mirrored."""
    content = [item.to_xml() for item in items]
    return request.reply(element("query", DISCO_ITEMS, {"node": node_of(request)}, *content))


def node_of(request: Stanza) -> str | None:
    """The node that a disco request asks about; None where it names none."""
    query = request.payload()
    return None if query is None else query.getAttribute("node")


Items = Iterable[Item]


class Discoverable:
    """What an extension adds to service discovery beyond the features that it declares.

    Inherited beside `Extension` by those that have something to add. Requests to an account
    reach these methods only from the account itself and from those who may see its presence.
    """

    def host_forms(self) -> Iterable[Form]:
        """Forms of the host's disco#info (XEP-0128), of type result and with a FORM_TYPE."""
        return ()

    def host_items(self) -> Items:
        """Items of the host."""
        return ()

    def account_items(self, request: Stanza) -> Items | Awaitable[Items]:
        """Items of the account that the request is for, besides its available resources."""
        return ()

    def node_info(self, request: Stanza, node: str) -> Info | Awaitable[Info | None] | None:
        """What a node of the host or account in `request.to` is; None: no node of ours."""
        return None

    def node_items(self, request: Stanza, node: str) -> Items | Awaitable[Items | None] | None:
        """What a node of the host or account in `request.to` holds; None: no node of ours."""
        return None
