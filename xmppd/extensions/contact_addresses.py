"""Where to reach the people behind the server."""

import re
from collections.abc import Iterable
from typing import Any

import attrs

from xmppd.component.discovery import Discoverable
from xmppd.component.extension import Extension
from xmppd.protocol.forms import Field, FieldType, Form, FormType

SERVER_INFO = "http://jabber.org/network/serverinfo"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def _check(_: object, attribute: "attrs.Attribute[Any]", value: tuple[str, ...]) -> None:
    for uri in value:
        if _URI.fullmatch(uri) is None:
            raise ValueError(
                f"{attribute.name}: not a URI, as in mailto:admin@example.com (got {uri!r})"
            )


def _addresses(purpose: str) -> Any:
    return attrs.field(default=(), validator=_check, metadata={"doc": f"URIs {purpose}."})


class ContactAddresses(Discoverable, Extension):
    """XEP-0157: tell in the host's disco#info whom to write to (3), as the configuration says."""

    xep = 157, "1.1.1"
    name = "contact"

    @attrs.frozen
    class Options:
        """Addresses by purpose: `mailto:`, `xmpp:` and web URIs."""

        abuse: tuple[str, ...] = _addresses("for reports of abuse")
        admin: tuple[str, ...] = _addresses("of the administrators")
        feedback: tuple[str, ...] = _addresses("for feedback")
        sales: tuple[str, ...] = _addresses("for sales and marketing")
        security: tuple[str, ...] = _addresses("for security concerns")
        status: tuple[str, ...] = _addresses("that tell the state of the service")
        support: tuple[str, ...] = _addresses("for technical support")

    def host_forms(self) -> Iterable[Form]:
        """The addresses; no form where there are none."""
        fields = [
            Field(f"{purpose}-addresses", FieldType.LIST_MULTI, addresses)
            for purpose, addresses in attrs.asdict(self.options).items()
            if addresses
        ]
        return [Form.of(FormType.RESULT, SERVER_INFO, *fields)] if fields else []
