"""Going on with a session that has lost its stream (XEP-0198, 5; session protocol, 3.4)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xmppd.c2s.acking import Acking
from xmppd.c2s.elements import UNEXPECTED
from xmppd.c2s.ending import prefixed
from xmppd.c2s.leg import Leg
from xmppd.c2s.requests import said
from xmppd.component.session import client_element, instance_of, verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.acks import count_in, failed
from xmppd.protocol.errors import StreamError
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import STREAM_MANAGEMENT, STREAMS
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.c2s.negotiation import Negotiation


def receive(negotiation: Negotiation, item: Stanza) -> None:
    """Take an element of stream management from a client without a session."""
    connection = negotiation.connection
    if item.name == "resume" and negotiation.account is not None:
        lang = {"xml:lang": connection.stream.lang or None}
        request = verb("resume", item.to_bytes(), ticket=negotiation.ticket, **lang)
        negotiation.ask(negotiation.account, request, partial(_answered, negotiation))
    elif item.name in ("enable", "resume"):
        connection.write(UNEXPECTED)
    else:
        connection.fail(StreamError("unsupported-stanza-type"))


def _answered(negotiation: Negotiation, answer: Envelope | None) -> None:
    """After a failure the client may bind, or try again."""
    connection, found = negotiation.connection, said(answer)
    if found is None:
        connection.write(failed("remote-server-timeout"))
    elif found.name == "opened":
        _resumed(negotiation, found)
    elif found.name == "close":
        error = found.child_bytes(STREAMS, "error")
        connection.end(b"" if error is None else prefixed(error), "error")
    else:
        connection.write(found.to_bytes())


def _resumed(negotiation: Negotiation, opened: Stanza) -> None:
    connection, told = negotiation.connection, client_element(opened)
    session = Jid.parse(opened.attrs["session"])
    leg = Leg(connection, session, instance_of(session), int(opened.attrs["e"]))
    assert told is not None and told.ns == STREAM_MANAGEMENT
    h = count_in(told)
    assert h is not None
    leg.acking = Acking(leg, h, agreed=True)
    negotiation.bound(leg)
    connection.write(told.to_bytes())
