"""Presence subscriptions: the state tables of RFC 6121, appendix A, and what each row entails.

Pure: told what stands in the roster and what presence came, says what to store and to send.
Outbound is what the account's own client sends, inbound what comes from the contact.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import attrs

from xmppd.accounts.contacts import Contact, Subscription
from xmppd.protocol.jid import Jid

Kind = Literal["subscribe", "subscribed", "unsubscribe", "unsubscribed"]


class State(NamedTuple):
    """One of the nine states of A.1: `asked` is "Pending Out", `pending_in` "Pending In"."""

    subscription: Subscription
    asked: bool = False
    pending_in: bool = False

    @property
    def contact_subscribed(self) -> bool:
        """Whether the contact sees our presence."""
        return self.subscription in ("from", "both")


NONE: Final = State("none")
NONE_OUT: Final = State("none", asked=True)
NONE_IN: Final = State("none", pending_in=True)
NONE_OUT_IN: Final = State("none", asked=True, pending_in=True)
TO: Final = State("to")
TO_IN: Final = State("to", pending_in=True)
FROM: Final = State("from")
FROM_OUT: Final = State("from", asked=True)
BOTH: Final = State("both")

Table = Mapping[State, State]
"""The rows marked MUST, as old state to new; the rows that are left out are MUST NOT."""

_REQUESTED: Final[Table] = {
    NONE: NONE_OUT,
    NONE_OUT: NONE_OUT,
    NONE_IN: NONE_OUT_IN,
    NONE_OUT_IN: NONE_OUT_IN,
    TO: TO,
    TO_IN: TO_IN,
    FROM: FROM_OUT,
    FROM_OUT: FROM_OUT,
    BOTH: BOTH,
}
_GIVEN_UP: Final[Table] = {
    NONE: NONE,
    NONE_OUT: NONE,
    NONE_IN: NONE_IN,
    NONE_OUT_IN: NONE_IN,
    TO: NONE,
    TO_IN: NONE_IN,
    FROM: FROM,
    FROM_OUT: FROM,
    BOTH: FROM,
}
_GRANTED: Final[Table] = {NONE_IN: FROM, NONE_OUT_IN: FROM_OUT, TO_IN: BOTH}
_WITHDRAWN: Final[Table] = {
    NONE_IN: NONE,
    NONE_OUT_IN: NONE_OUT,
    TO_IN: TO,
    FROM: NONE,
    FROM_OUT: NONE_OUT,
    BOTH: TO,
}

OUTBOUND: Final[Mapping[Kind, Table]] = {
    "subscribe": _REQUESTED,
    "unsubscribe": _GIVEN_UP,
    "subscribed": _GRANTED,
    "unsubscribed": _WITHDRAWN,
}
"""A.2.1 to A.2.4: what to route to the contact."""

INBOUND: Final[Mapping[Kind, Table]] = {
    "subscribe": {NONE: NONE_IN, NONE_OUT: NONE_OUT_IN, TO: TO_IN},
    "unsubscribe": _WITHDRAWN,
    "subscribed": {NONE_OUT: TO, NONE_OUT_IN: TO_IN, FROM_OUT: BOTH},
    "unsubscribed": {old: new for old, new in _GIVEN_UP.items() if old != new},
}
"""A.3.1 to A.3.4: what to deliver to the user."""

_APPROVABLE: Final = frozenset({NONE, NONE_OUT, TO})
"""States in which our 'subscribed' answers no request and so is a pre-approval (3.4.2)."""

_PRE_APPROVED: Final[Table] = {NONE: FROM, NONE_OUT: FROM_OUT, TO: BOTH, **_GRANTED}
"""Where a request leads that is approved already (the notes to A.3.1)."""


@attrs.frozen
class Outcome:
    """What one subscription presence leads to.

    Order of sending: `send_unavailable` goes before the routed 'unsubscribed' (3.2.2),
    `send_presence` after the routed or automatic 'subscribed' (3.1.5).
    """

    contact: Contact | None
    """The roster item as it is now; None: the contact is not in the roster."""
    pending_in: bool
    """Whether a request of the contact waits for the user's answer."""
    push: bool = False
    """The item has changed: store it and push it to the interested resources."""
    route: bool = False
    """Outbound: send the presence on, from our bare JID to the contact's. Inbound: deliver it,
    a 'subscribe' to the available resources, the other kinds to the interested ones."""
    reply: Kind | None = None
    """Presence to send to the contact from the user's bare JID in the user's stead."""
    send_presence: bool = False
    """Send the contact the current presence of each available resource."""
    send_unavailable: bool = False
    """Send the contact 'unavailable' from each available resource."""


def outbound(kind: Kind, jid: Jid, contact: Contact | None, pending_in: bool) -> Outcome:
    """Take what the user sends to the bare `jid` (RFC 6121, 3.1.2, 3.1.5, 3.2.2, 3.3.2, 3.4.2).

    `contact` is the roster item of `jid`, if there is one; `pending_in` tells whether a request
    from `jid` waits. A first 'subscribe' and an approval put the contact into the roster.
    """
    old = _state(contact, pending_in)
    new = OUTBOUND[kind].get(old)
    approved = _approval(kind, old, contact)
    item = contact or Contact(jid)
    changed = _changed(item, new or old, approved)
    after = contact if changed == item else changed
    return Outcome(
        contact=after,
        pending_in=(new or old).pending_in,
        push=after != contact,
        route=new is not None,
        send_presence=new is not None and kind == "subscribed",
        send_unavailable=_lost_sight(old, new or old),
    )


def inbound(kind: Kind, contact: Contact | None, pending_in: bool) -> Outcome:
    """Take what the contact sends to the user (RFC 6121, 3.1.3, 3.1.6, 3.2.3, 3.3.3, 3.4.2).

    It never puts a contact into the roster. An 'unsubscribe' gets no automatic 'unsubscribed':
    3.3.3 asks for none, and it would undo a new request that has been sent meanwhile.
    """
    if kind == "subscribe" and contact is not None and _answered(contact):
        return _auto_reply(contact, pending_in)
    old = _state(contact, pending_in)
    new = INBOUND[kind].get(old)
    if new is None:
        return Outcome(contact, old.pending_in)
    after = None if contact is None else _changed(contact, new, contact.approved)
    return Outcome(
        contact=after,
        pending_in=new.pending_in,
        push=after != contact,
        route=True,
        send_unavailable=_lost_sight(old, new),
    )


def removal(contact: Contact, pending_in: bool) -> tuple[Kind, ...]:
    """Tell what to send to a contact who is removed from the roster (RFC 6121, 2.5.2).

    Requests that wait on either side end with the item, or they would come back at the next
    login: ours by 'unsubscribe', the contact's by 'unsubscribed'. If the contact is subscribed,
    the 'unsubscribed' comes after an 'unavailable' from each available resource (3.2.2).
    """
    kinds: list[Kind] = []
    if contact.user_subscribed or contact.asked:
        kinds.append("unsubscribe")
    if contact.contact_subscribed or pending_in:
        kinds.append("unsubscribed")
    return tuple(kinds)


def _state(contact: Contact | None, pending_in: bool) -> State:
    """Find the state; what waits for an answer that has been given does not count."""
    if contact is None:
        return NONE_IN if pending_in else NONE
    return State(
        contact.subscription,
        contact.asked and not contact.user_subscribed,
        pending_in and not contact.contact_subscribed,
    )


def _changed(contact: Contact, new: State, approved: bool) -> Contact:
    return attrs.evolve(contact, subscription=new.subscription, asked=new.asked, approved=approved)


def _approval(kind: Kind, old: State, contact: Contact | None) -> bool:
    """Tell whether the item is pre-approved after `kind` has been sent (3.4.2, 3.2.2)."""
    if kind == "subscribed":
        return old in _APPROVABLE
    return kind != "unsubscribed" and contact is not None and contact.approved


def _answered(contact: Contact) -> bool:
    return contact.approved or contact.contact_subscribed


def _auto_reply(contact: Contact, pending_in: bool) -> Outcome:
    """Approve in the user's stead; that uses a pre-approval up."""
    old = _state(contact, pending_in)
    after = _changed(contact, _PRE_APPROVED.get(old, old), approved=False)
    return Outcome(
        contact=after,
        pending_in=False,
        push=after != contact,
        reply="subscribed",
        send_presence=True,
    )


def _lost_sight(old: State, new: State) -> bool:
    return old.contact_subscribed and not new.contact_subscribed
