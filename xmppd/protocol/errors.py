"""Stream errors (RFC 6120, 4.9) and stanza errors (RFC 6120, 8.3)."""

from xmppd.protocol.markup import element, only_xml
from xmppd.protocol.namespaces import STANZA_ERRORS, STREAM_ERRORS

STREAM_CONDITIONS = frozenset(
    "bad-format bad-namespace-prefix conflict connection-timeout host-gone host-unknown "
    "improper-addressing internal-server-error invalid-from invalid-namespace invalid-xml "
    "not-authorized not-well-formed policy-violation remote-connection-failed reset "
    "resource-constraint restricted-xml see-other-host system-shutdown undefined-condition "
    "unsupported-encoding unsupported-feature unsupported-stanza-type "
    "unsupported-version".split()
)

DEFAULT_TYPES = {
    "bad-request": "modify",
    "conflict": "cancel",
    "feature-not-implemented": "cancel",
    "forbidden": "auth",
    "gone": "cancel",
    "internal-server-error": "cancel",
    "item-not-found": "cancel",
    "jid-malformed": "modify",
    "not-acceptable": "modify",
    "not-allowed": "cancel",
    "not-authorized": "auth",
    "policy-violation": "modify",
    "recipient-unavailable": "wait",
    "redirect": "modify",
    "registration-required": "auth",
    "remote-server-not-found": "cancel",
    "remote-server-timeout": "wait",
    "resource-constraint": "wait",
    "service-unavailable": "cancel",
    "subscription-required": "auth",
    "undefined-condition": "cancel",
    "unexpected-request": "wait",
}
"""Each condition of RFC 6120, 8.3.3, with the error type that its section recommends."""


class StreamError(Exception):
    """An error that ends a stream (RFC 6120, 4.9).

    `condition` is one of 4.9.3's names; `text` is for people; `extra` is an application-specific
    element, already serialised.
    """

    def __init__(self, condition: str, text: str = "", extra: bytes = b"") -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition = condition
        self.text = text
        self.extra = extra

    def to_bytes(self) -> bytes:
        """The `<stream:error/>` element; the prefix `stream` is that of our own header."""
        text = element("text", STREAM_ERRORS, None, only_xml(self.text)) if self.text else b""
        return element(
            "stream:error", None, None, element(self.condition, STREAM_ERRORS), text, self.extra
        )


class StanzaError(Exception):
    """An error that answers one stanza (RFC 6120, 8.3); the stream goes on.

    `condition` is one of 8.3.3's names, or KeyError is raised; `type` defaults to what the RFC
    recommends for it. `extra` is an
    application-specific element, already serialised; `by` names who generated the error;
    `address` is the URI where to turn that gone and redirect may give (8.3.3.5, 8.3.3.14).
    """

    def __init__(
        self,
        condition: str,
        text: str = "",
        *,
        type: str | None = None,
        extra: bytes = b"",
        by: str | None = None,
        address: str = "",
    ) -> None:
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition = condition
        default = DEFAULT_TYPES[condition]
        self.type = type or default
        self.text = text
        self.extra = extra
        self.by = by
        self.address = address

    def to_bytes(self) -> bytes:
        """The `<error/>` element of RFC 6120, 8.3.2."""
        text = element("text", STANZA_ERRORS, None, only_xml(self.text)) if self.text else b""
        return element(
            "error",
            None,
            {"type": self.type, "by": self.by},
            element(self.condition, STANZA_ERRORS, None, self.address),
            text,
            self.extra,
        )
