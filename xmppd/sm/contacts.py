"""Contacts at work: roster pushes and subscriptions (RFC 6121, 2 and 3).

What a transition means stands in `subscriptions`; here it is stored, and only then told: a roster
push carries a version, and a version that a crash takes back would be used twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList, fail, succeed

from xmppd.accounts.contacts import Contact, removed_item
from xmppd.accounts.interfaces import ReadOnlyContacts
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import ROSTER
from xmppd.protocol.stanza import Stanza
from xmppd.sm.spreading import picked, spread
from xmppd.sm.subscriptions import Kind, Outcome, inbound, outbound
from xmppd.sm.user import Unkept

if TYPE_CHECKING:
    from xmppd.sm.host import Host
    from xmppd.sm.session import Session
    from xmppd.sm.user import User

MAX_CONTACTS = 10_000
MAX_REQUESTS = 1_000
"""Subscription requests of strangers that are kept until the user answers."""
MAX_REQUEST_BYTES = 4_096
"""A longer request is kept without its payload."""


def change(host: Host, user: User, jid: Jid, contact: Contact | None) -> Deferred[str | None]:
    """Put a contact into the roster or, with None, take it off; push it once it is kept.

    Raises StanzaError resource-constraint above the limit, not-allowed where the list is not
    ours to edit.
    """
    return keep(host, user, jid, contact).addCallback(
        lambda version: _pushed(host, user, jid, version)
    )


def keep(host: Host, user: User, jid: Jid, contact: Contact | None) -> Deferred[str | None]:
    """The same without the push; fires with the roster's version."""
    if contact is not None and jid not in user.contacts and len(user.contacts) >= MAX_CONTACTS:
        raise StanzaError("resource-constraint", "the roster is full")
    old = user.contacts.get(jid)
    try:
        storing: Deferred[str | None] = user.account.contacts.change(
            contact or old or Contact(jid), contact is None
        )
    except ReadOnlyContacts:
        raise StanzaError("not-allowed", "this roster cannot be edited") from None
    user.roster_ticket = max(user.roster_ticket, host.stores.ticket)
    unkept = user.unkept.setdefault(jid, Unkept(old))
    unkept.changes += 1
    _put(user, jid, contact)

    def kept(version: str | None) -> str | None:
        unkept.kept = contact
        over(None)
        return version

    def over(failure: Any) -> Any:
        unkept.changes -= 1
        if not unkept.changes:
            del user.unkept[jid]
            _put(user, jid, unkept.kept)
        return failure

    return storing.addCallbacks(kept, over)


def _put(user: User, jid: Jid, contact: Contact | None) -> None:
    if contact is None:
        user.contacts.pop(jid, None)
    else:
        user.contacts[jid] = contact


def _pushed(host: Host, user: User, jid: Jid, version: str | None) -> str | None:
    push(host, user, jid, version)
    return version


def push(host: Host, user: User, jid: Jid, version: str | None) -> None:
    """Tell the interested sessions of a contact as it is now (RFC 6121, 2.1.6)."""
    contact = user.contacts.get(jid)
    item = removed_item(jid) if contact is None else contact.to_item()
    for session in user.interested:
        session.deliver(push_to(host, session, item, version))


def push_to(host: Host, session: Session, item: bytes, version: str | None) -> Stanza:
    """The roster push of one item to one session."""
    query = element("query", ROSTER, {"ver": version}, item)
    return Stanza.make("iq", query, to=session.jid, type="set", id=host.next_id())


# Subscriptions that the user sends


def send(host: Host, user: User, kind: Kind, stanza: Stanza) -> Deferred[Any]:
    """Handle a subscription stanza of the user's own client; fails with StanzaError."""
    assert stanza.to is not None
    jid = stanza.to.bare
    outcome = outbound(kind, jid, user.contacts.get(jid), jid in user.requests)
    stamped, seen = stanza.readdressed(jid, user.jid), user.available

    def tell(version: str | None) -> None:
        if outcome.send_unavailable:
            send_unavailable(host, user, jid, seen)
        if outcome.route:
            host.manager.send(stamped)
        if outcome.push:
            push(host, user, jid, version)
        if outcome.send_presence:
            send_presence(host, user, jid)

    return _store(host, user, jid, outcome, None).addCallback(tell)


# Subscriptions that come from a contact


def receive(host: Host, user: User, kind: Kind, stanza: Stanza) -> Deferred[Any] | None:
    """Handle a subscription stanza of somebody else; fires when it is stored and told."""
    if stanza.sender is None or stanza.sender.bare == user.jid:
        return None
    jid = stanza.sender.bare
    outcome = inbound(kind, user.contacts.get(jid), jid in user.requests)
    stanza = stanza.readdressed(user.jid, jid)
    if outcome.pending_in and jid not in user.requests and len(user.requests) >= MAX_REQUESTS:
        return None
    seen = user.available

    def tell(version: str | None) -> None:
        if outcome.send_unavailable:
            send_unavailable(host, user, jid, seen)
        if outcome.reply is not None:
            host.manager.send(Stanza.make("presence", to=jid, sender=user.jid, type=outcome.reply))
        if outcome.send_presence:
            send_presence(host, user, jid)
        # RFC 6121, 3.1.6, 3.2.3 and 3.3.3: the presence MUST come before the roster push.
        if outcome.route:
            sessions = user.available if kind == "subscribe" else user.interested
            for session in picked(host, user, stanza, sessions):
                session.deliver(stanza)
        if outcome.push:
            push(host, user, jid, version)

    stored = _store(host, user, jid, outcome, stanza)
    return stored.addCallback(tell).addErrback(host.failed)


def _store(
    host: Host, user: User, jid: Jid, outcome: Outcome, request: Stanza | None
) -> Deferred[str | None]:
    """Keep what the outcome changed; fires when it is kept, with the roster's version."""
    waiting: list[Deferred[Any]] = []
    if outcome.push:
        try:
            waiting.append(keep(host, user, jid, outcome.contact))
        except StanzaError as error:
            return fail(error)
    if outcome.pending_in and jid not in user.requests and request is not None:
        user.requests[jid] = kept_request(request)
        waiting.append(user.request_table.put(jid, user.requests[jid]))
    elif not outcome.pending_in and user.requests.pop(jid, None) is not None:
        waiting.append(user.request_table.remove(jid))
    if not waiting:
        return succeed(None)
    stored = DeferredList(waiting, fireOnOneErrback=True, consumeErrors=True)
    return stored.addCallbacks(lambda results: results[0][1] if outcome.push else None, _first)


def _first(failure: Any) -> Any:
    return failure.value.subFailure


def kept_request(stanza: Stanza) -> bytes:
    """A request as it is kept: whole, unless its payload is too big."""
    data = stanza.to_bytes()
    return (
        data
        if len(data) <= MAX_REQUEST_BYTES
        else Stanza.make(
            "presence", to=stanza.to, sender=stanza.sender, type="subscribe"
        ).to_bytes()
    )


def send_presence(host: Host, user: User, jid: Jid) -> None:
    """The current presence of each available session, to a contact just let in."""
    for session in user.available:
        assert session.presence is not None
        spread(host, session, session.presence, [jid])


def send_unavailable(host: Host, user: User, jid: Jid, seen: list[Session]) -> None:
    """Unavailable of each available session, to a contact who may see them no more.

    :param seen: the sessions that were available when the contact was still told of their ends.
    """
    for session in dict.fromkeys([*seen, *user.available]):
        gone = Stanza.make("presence", sender=session.jid, type="unavailable")
        spread(host, session, gone, [jid])
