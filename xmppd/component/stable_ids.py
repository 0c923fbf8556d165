"""Unique and stable ids of stanzas (XEP-0359)."""

from xmppd.component.claims import without_claims
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import STANZA_IDS
from xmppd.protocol.stanza import Stanza


def without_stanza_id(stanza: Stanza, by: Jid) -> Stanza | None:
    """The stanza without ids that others gave in the name of `by` (3, rule 2); None: none."""
    return without_claims(stanza, STANZA_IDS, "stanza-id", "by", by)


def stanza_id(id: str, by: Jid) -> bytes:
    """The `<stanza-id/>` by which `by` knows a stanza."""
    return element("stanza-id", STANZA_IDS, {"id": id, "by": by})


def with_stanza_id(stanza: Stanza, id: str, by: Jid) -> Stanza:
    """The stanza with that id of `by` and no other (3, rule 4)."""
    return (without_stanza_id(stanza, by) or stanza).adding(stanza_id(id, by))
