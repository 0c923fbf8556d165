"""What others may not say in somebody's name: elements with an address that is not theirs."""

from functools import lru_cache

from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.spans import Child
from xmppd.protocol.stanza import Stanza

_SHORT = 512
"""Bytes of an element that is remembered: all copies of a message for many have the same."""


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
    declared = tuple(item for item in stanza.attrs.items() if item[0].startswith("xmlns:"))

    def claims(child: Child) -> bool:
        if child[0] != ns or child[1] != name:
            return False
        data = stanza.inner[child[2] : child[3]]
        read = _address if len(data) <= _SHORT else _address.__wrapped__
        return read(data, declared, ns, name, attribute) == address

    kept = [child for child in stanza.children if not claims(child)]
    return None if len(kept) == len(stanza.children) else stanza.keeping(kept)


@lru_cache(1_000)
def _address(
    child: bytes, declared: tuple[tuple[str, str], ...], ns: str, name: str, attribute: str
) -> Jid | None:
    """The address that an element names; `declared` are the prefixes of its parent."""
    element = Stanza(CONTENT, "x", dict(declared), child).child(ns, name)
    try:
        return None if element is None else Jid.parse(element.getAttribute(attribute, ""))
    except InvalidJid:
        return None
