"""Why somebody does something to others, in their own words."""

from __future__ import annotations

from twisted.words.xish.domish import Element

from xmppd.protocol.errors import StanzaError

LONGEST = 1_000
"""Characters of a reason: it may be kept for good, and told to many."""


def reason_of(element: Element) -> str:
    """What the `<reason/>` in an element says. Raises `StanzaError` where it is too long."""
    reason = next((str(child) for child in element.elements() if child.name == "reason"), "")
    if len(reason) > LONGEST:
        text = f"at most {LONGEST} characters of reason"
        raise StanzaError("policy-violation", text, type="modify")
    return reason
