"""What a framer reads from a stream, one event at a time."""

import attrs

from xmppd.protocol.errors import StreamError
from xmppd.protocol.namespaces import CONTENT_NAMESPACES, STREAMS
from xmppd.protocol.stanza import Stanza


@attrs.frozen
class Header:
    """A stream header as it was read.

    `namespace` and `name` are the root's; `content` is the stream's content namespace, or None
    where the header declares none that we know; `prefixes` are those it declares, which content
    may use; `tag` is the raw tag.
    """

    namespace: str
    name: str
    attrs: dict[str, str]
    content: str | None
    default: str
    prefixes: dict[str, str]
    tag: bytes


@attrs.frozen
class StreamOpened:
    """The peer's stream header (RFC 6120, 4.7)."""

    header: Header


class StreamClosed:
    """The peer's `</stream:stream>` (RFC 6120, 4.4)."""


@attrs.frozen
class Frame:
    """A `<route/>` of a trusted link: several elements under addresses of their own."""

    attrs: dict[str, str]
    items: tuple[Stanza, ...]


Event = StreamOpened | Stanza | Frame | StreamClosed | StreamError


def content_namespace(default: str, prefixes: dict[str, str]) -> str | None:
    """The content namespace that a header declares: as default, else by prefix (RFC 6120, 4.8.2).

    Two different ones by prefix are as good as none.
    """
    if default in CONTENT_NAMESPACES:
        return default
    known = list(CONTENT_NAMESPACES.intersection(prefixes.values()))
    return known[0] if len(known) == 1 and default in ("", STREAMS) else None
