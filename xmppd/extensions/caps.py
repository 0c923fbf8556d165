"""The host's capabilities in a hash, so that clients need ask but once."""

import base64
import hashlib
from collections.abc import Iterable

from xmppd.component.discovery import Discoverable, Info
from xmppd.component.extension import Extension
from xmppd.extensions.disco import host_info
from xmppd.protocol.forms import FORM_TYPE, Form
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

CAPS = "http://jabber.org/protocol/caps"
NODE = "urn:xmppd:software"
"""Names the software (4); not a web address, since nothing there would be sure to last."""


class Caps(Discoverable, Extension):
    """XEP-0115: advertise the host's capabilities as a stream feature (6.3), and answer disco#info
    for the node that it names (6.2)."""

    xep = 115, "1.6.0"
    features = (CAPS,)

    @property
    def after_login(self) -> tuple[bytes, ...]:
        """The `<c/>` element, of what the host can do now."""
        ver = verification(self._info())
        return (element("c", CAPS, {"hash": "sha-1", "node": NODE, "ver": ver}),)

    def node_info(self, request: Stanza, node: str) -> Info | None:
        """The host's own information, under the name of its hash."""
        if request.to != self.host.jid or not node.startswith(f"{NODE}#"):
            return None
        info = self._info()
        return info if node == f"{NODE}#{verification(info)}" else None

    def _info(self) -> Info:
        return host_info(self.host.dispatch.extensions)


def verification(info: Info) -> str:
    """The verification string: SHA-1 over a normal form of the information (5.1), in base64."""
    identities = sorted((one.category, one.type, one.lang, one.name) for one in info.identities)
    parts = ["/".join(identity) for identity in identities]
    parts += sorted(info.features)
    for form in sorted(info.forms, key=lambda form: form.form_type):
        if form.form_type:
            parts += _form_parts(form)
    text = "".join(f"{part}<" for part in parts)
    return base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()


def _form_parts(form: Form) -> Iterable[str]:
    yield form.form_type
    for field in sorted(form.fields, key=lambda field: field.var):
        if field.var != FORM_TYPE:
            yield field.var
            yield from sorted(field.values)
