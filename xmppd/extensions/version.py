"""The name and version of the software."""

import platform
from importlib import metadata

import attrs

from xmppd.component.extension import HOST, Extension, iq
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

VERSION = "jabber:iq:version"
SOFTWARE = "xmppd"


def software_version() -> str:
    """The installed version; "unknown" in a source tree that is not installed."""
    try:
        return metadata.version(SOFTWARE)
    except metadata.PackageNotFoundError:
        return "unknown"


class SoftwareVersion(Extension):
    """XEP-0092: tell the software's name and version (2); its operating system only if so
    configured (5)."""

    xep = 92, "1.1"
    features = (VERSION,)

    @attrs.frozen
    class Options:
        """What is told."""

        os: bool = attrs.field(
            default=False, metadata={"doc": "Whether to name the operating system too."}
        )

    def setup(self) -> None:
        self._version = software_version()

    @iq("get", VERSION, "query", to=HOST)
    def get(self, request: Stanza) -> Stanza:
        """Name and version, perhaps the operating system."""
        told = [element("name", None, None, SOFTWARE)]
        told.append(element("version", None, None, self._version))
        if self.options.os:
            told.append(element("os", None, None, f"{platform.system()} {platform.release()}"))
        return request.reply(element("query", VERSION, None, *told))
