"""Before login: iqs that a host takes from anybody (session protocol, 3.3)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xmppd.c2s.requests import said
from xmppd.component.session import verb
from xmppd.link.envelope import Envelope
from xmppd.protocol.errors import StanzaError, StreamError
from xmppd.protocol.feature import When
from xmppd.protocol.namespaces import CLIENT
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from xmppd.c2s.negotiation import Negotiation


def receive(negotiation: Negotiation, stanza: Stanza) -> None:
    """Pass an iq to the host if it takes such, else end the stream."""
    facts = negotiation.facts
    assert facts is not None
    connection = negotiation.connection
    if not _is_welcome(negotiation, stanza, facts.pre):
        connection.fail(StreamError("not-authorized"))
    elif stanza.type == "set" and negotiation.registered:
        error = StanzaError("not-acceptable", "one registration on a stream")
        connection.write(stanza.error(error).to_bytes())
    else:
        content = negotiation.stream_facts().to_xml() + stanza.to_bytes(CLIENT)
        item = verb("before", content, host=negotiation.host)
        negotiation.ask(negotiation.host, item, partial(_answered, negotiation, stanza))


def _is_welcome(negotiation: Negotiation, stanza: Stanza, pre: frozenset[str]) -> bool:
    return (
        stanza.name == "iq"
        and stanza.type in ("get", "set")
        and not negotiation.login.begun
        and negotiation.stage is When.BEFORE_LOGIN
        and any(child[0] in pre for child in stanza.children)
    )


def _answered(negotiation: Negotiation, stanza: Stanza, answer: Envelope | None) -> None:
    item = said(answer)
    iq = None if item is None else item.payload()
    if item is None or iq is None:
        negotiation.connection.write(stanza.error("service-unavailable").to_bytes())
        return
    if stanza.type == "set" and iq.getAttribute("type") == "result":
        negotiation.registered = True
    negotiation.connection.write(item.inner)
