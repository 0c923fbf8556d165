"""Binding a resource: the client's iq becomes a session (RFC 6120, 7; session protocol, 3.4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xmppd.c2s.leg import Leg
from xmppd.c2s.requests import is_bounce, said
from xmppd.component.session import instance_of, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import BIND
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.c2s.negotiation import Negotiation


def receive(negotiation: Negotiation, stanza: Stanza) -> None:
    """Take the first stanza of a client that has logged in: a bind request, or not allowed."""
    connection = negotiation.connection
    account = negotiation.account
    assert account is not None
    request = stanza.child(BIND, "bind") if stanza.name == "iq" else None
    if request is None or stanza.type not in ("get", "set"):
        connection.fail(StreamError("not-authorized"))
        return
    wanted = "".join(str(child) for child in request.elements() if child.name == "resource")
    try:
        if stanza.type != "set" or stanza.id is None:
            raise StanzaError("bad-request")
        resource = account.with_resource(wanted).resource if wanted else None
    except (InvalidJid, StanzaError):
        connection.write(stanza.error("bad-request").to_bytes())
        return
    lang = {"xml:lang": connection.stream.lang or None}
    item = verb("open", ticket=negotiation.ticket, resource=resource, **lang)
    negotiation.ask(account, item, partial(_answered, negotiation, stanza))


def _answered(negotiation: Negotiation, stanza: Stanza, answer: Envelope | None) -> None:
    opened = said(answer)
    connection = negotiation.connection
    if opened is None or opened.name != "opened":
        connection.write(_refusal(stanza, answer))
        return
    attributes = opened.attrs
    session = Jid.parse(attributes["session"])
    bound = element("bind", BIND, None, element("jid", None, None, attributes["jid"]))
    result = Stanza.make("iq", bound, type="result", id=stanza.id)
    leg = Leg(connection, session, instance_of(session), int(attributes["e"]))
    negotiation.bound(leg)
    connection.write(result.to_bytes())


def _refusal(stanza: Stanza, answer: Envelope | None) -> bytes:
    """What the session manager has against it, or that it does not answer."""
    if answer is None or not answer.items or is_bounce(answer):
        return stanza.error("remote-server-timeout").to_bytes()
    refused = Stanza.make("iq", answer.items[0].inner, type="error", id=stanza.id)
    return refused.to_bytes()


def too_late(negotiation: Negotiation, answer: Envelope | None) -> None:
    """Close the session that was opened for a client which has gone meanwhile."""
    opened = said(answer)
    if opened is not None and opened.name == "opened":
        session = Jid.parse(opened.attrs["session"])
        connection = negotiation.connection
        close = verb("close", how="lost", written="0")
        connection.edge.send(
            Envelope(session, connection.address, (close,), int(opened.attrs["e"]), 1)
        )
