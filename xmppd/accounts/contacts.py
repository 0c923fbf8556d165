"""A contact of an account: the roster item of RFC 6121, section 2, and how a client edits it."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import attrs
from twisted.words.xish.domish import Element

from xmppd.protocol import namespaces
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element

Subscription = Literal["none", "to", "from", "both"]

LABEL_BYTES = 1023
"""Longest name of a contact or of a group, in bytes of UTF-8."""


class RosterError(Exception):
    """A roster set that cannot be taken; `condition` is the stanza error to answer with."""

    def __init__(self, condition: str, text: str) -> None:
        super().__init__(text)
        self.condition = condition


_TEXT = attrs.validators.instance_of(str)
_FLAG = attrs.validators.instance_of(bool)
_TEXTS = attrs.validators.deep_iterable(_TEXT, attrs.validators.instance_of(tuple))


@attrs.frozen
class Contact:
    """One roster item. The request of a contact who still waits for an answer is not part of it.

    `asked` is ask='subscribe', our own request that waits for an answer; `approved` is a
    pre-approval (RFC 6121, 3.4): the contact's next request will be answered at once.
    """

    jid: Jid
    name: str = attrs.field(default="", validator=_TEXT)
    groups: tuple[str, ...] = attrs.field(default=(), validator=_TEXTS)
    subscription: Subscription = attrs.field(
        default="none", validator=attrs.validators.in_(get_args(Subscription))
    )
    asked: bool = attrs.field(default=False, validator=_FLAG)
    approved: bool = attrs.field(default=False, validator=_FLAG)

    @property
    def user_subscribed(self) -> bool:
        """Whether the owner of the roster sees the contact's presence."""
        return self.subscription in ("to", "both")

    @property
    def contact_subscribed(self) -> bool:
        """Whether the contact sees the presence of the owner of the roster."""
        return self.subscription in ("from", "both")

    def to_item(self) -> bytes:
        """Give the `<item/>` to put inside a `<query xmlns='jabber:iq:roster'/>` (2.1.2)."""
        attributes = {
            "jid": self.jid,
            "name": self.name or None,
            "subscription": self.subscription,
            "ask": "subscribe" if self.asked else None,
            "approved": "true" if self.approved else None,
        }
        groups = [element("group", None, None, group) for group in self.groups]
        return element("item", None, attributes, *groups)

    def to_data(self) -> dict[str, Any]:
        """Give a JSON-able value for storage; fields at their default are left out."""
        data = attrs.asdict(self, filter=lambda field, value: value != field.default)
        data["jid"] = str(self.jid)
        if self.groups:
            data["groups"] = list(self.groups)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Contact":
        """Read what `to_data` gave; ValueError if a hand or a fault has spoilt it."""
        fields = dict(data)
        groups = fields.pop("groups", [])
        try:
            jid = Jid.parse(fields.pop("jid"))
            return cls(jid, groups=tuple(groups) if isinstance(groups, list) else groups, **fields)
        except KeyError:
            raise ValueError("not a contact: no JID") from None
        except (TypeError, ValueError) as error:
            raise ValueError(f"not a contact: {error.args[0]}") from error


def removed_item(jid: Jid) -> bytes:
    """Give the `<item/>` that tells clients of a contact's removal (RFC 6121, 2.5.2)."""
    return element("item", None, {"jid": jid, "subscription": "remove"})


@attrs.frozen
class RosterEdit:
    """What a client's roster set asks for."""

    jid: Jid
    name: str = ""
    groups: tuple[str, ...] = ()
    remove: bool = False

    def apply(self, contact: Contact | None) -> Contact:
        """Give the contact with the new name and groups; its subscriptions stay (2.1.2)."""
        return attrs.evolve(contact or Contact(self.jid), name=self.name, groups=self.groups)


def read_roster_set(query: Element) -> RosterEdit:
    """Read the `<query/>` of a client's roster set (RFC 6121, 2.3 to 2.5).

    A resource in the contact's JID is dropped, since subscriptions are between bare JIDs. Of
    'subscription' only 'remove' means anything, and 'ask' and 'approved' nothing.

    Raises RosterError: bad-request for anything but one item with a valid JID, or for a group
    named twice; not-acceptable for an empty group and for names over LABEL_BYTES (2.3.3).
    """
    item = _only_item(query)
    jid = _jid_of(item)
    if item.getAttribute("subscription") == "remove":
        return RosterEdit(jid, remove=True)
    name: str = item.getAttribute("name", "")
    _check_length("name", name)
    return RosterEdit(jid, name, _groups_of(item))


def _only_item(query: Element) -> Element:
    items = _children(query, "item")
    if len(items) != 1:
        raise RosterError("bad-request", f"expected one item, found {len(items)}")
    return items[0]


def _jid_of(item: Element) -> Jid:
    try:
        return Jid.parse(item.getAttribute("jid", "")).bare
    except ValueError as error:
        raise RosterError("bad-request", f"bad JID of the contact: {error}") from error


def _groups_of(item: Element) -> tuple[str, ...]:
    groups = tuple(_text(group) for group in _children(item, "group"))
    if len(set(groups)) != len(groups):
        raise RosterError("bad-request", "a group is named twice")
    for group in groups:
        if not group:
            raise RosterError("not-acceptable", "a group has no name")
        _check_length("name of a group", group)
    return groups


def _check_length(what: str, text: str) -> None:
    if len(text.encode()) > LABEL_BYTES:
        raise RosterError("not-acceptable", f"{what} is longer than {LABEL_BYTES} bytes")


def _children(parent: Element, name: str) -> list[Element]:
    return list(parent.elements(namespaces.ROSTER, name))


def _text(parent: Element) -> str:
    return "".join(child for child in parent.children if isinstance(child, str))
