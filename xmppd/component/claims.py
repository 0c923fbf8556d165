"""What others may not say in somebody's name: elements with an address that is not theirs."""

from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.spans import Child
from xmppd.protocol.stanza import Stanza


def without_claims(
    stanza: Stanza, ns: str, name: str, attribute: str, address: Jid
) -> Stanza | None:
    """The stanza without the children of that name whose attribute names that address.

    None where there are none, as hooks of the stage MARK say it.
    """
    for child in stanza.children:
        if child[0] == ns and child[1] == name:
            break
    else:
        return None

    def claims(child: Child) -> bool:
        if child[0] != ns or child[1] != name:
            return False
        element = stanza.keeping([child]).child(ns, name)
        try:
            return element is not None and Jid.parse(element.getAttribute(attribute, "")) == address
        except InvalidJid:
            return False

    kept = [child for child in stanza.children if not claims(child)]
    return None if len(kept) == len(stanza.children) else stanza.keeping(kept)
