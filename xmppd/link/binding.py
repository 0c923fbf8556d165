"""XEP-0225's verbs by which a component takes and leaves names while it is connected.

They come to the link's own name, for every stanza of XEP-0114 has both addresses.
"""

from __future__ import annotations

import attrs

from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

COMPONENT = "urn:xmpp:component:0"
VERBS = ("bind", "unbind")


@attrs.frozen
class Binding:
    """A wish: `verb` is `bind` or `unbind`."""

    verb: str
    domain: str

    def answer(self) -> bytes:
        """What a result holds (XEP-0225, 4.3)."""
        if self.verb == "unbind":
            return b""
        return element("bind", COMPONENT, None, element("hostname", None, None, self.domain))


def binding_of(iq: Stanza, name: str) -> Binding | None:
    """The wish in an iq, if it is one of the link of that name; raises `StanzaError`."""
    if iq.to != name or iq.type != "set":
        return None
    verb = next((verb for verb in VERBS if iq.has(COMPONENT, verb)), None)
    if verb is None:
        return None
    wish = iq.child(COMPONENT, verb)
    assert wish is not None
    domain = "".join([str(child) for child in wish.elements() if child.name == "hostname"])
    return Binding(verb, _prepared(domain.strip()))


def _prepared(domain: str) -> str:
    """The name or wildcard as it is routed; what is neither stays as it is."""
    star = "*." if domain.startswith("*.") else ""
    try:
        jid = Jid.parse(domain.removeprefix(star))
    except InvalidJid:
        return domain
    return f"{star}{jid}" if jid == jid.domain else domain
