"""Writing a stanza anew by its resolved names, where raw bytes cannot be forwarded.

A stanza may lean on prefixes of its stream's header, use a prefix for the content namespace, or
declare namespaces that the next stream declares itself. Such a stanza is written anew, once, at
the edge: elements without prefix, the content namespace undeclared wherever it is inherited.
Prefixes of attributes are declared within the direct child that uses them, so that a child stands
for itself and can be copied elsewhere.
"""

from pyexpat import ParserCreate

from xmppd.protocol.errors import StreamError
from xmppd.protocol.markup import escape_text, open_tag
from xmppd.protocol.namespaces import CONTENT, XML
from xmppd.protocol.spans import SEPARATOR, Child, namespace_symbol

Parts = tuple[str, str, dict[str, str], bytes, tuple[Child, ...]]


def rewrite(data: bytes, header: bytes, content: str, limit: int) -> Parts:
    """Take apart one element that stands under the stream header `header`.

    `content` is the stream's content namespace. Returns what `Stanza` takes: namespace, name,
    attributes of the top tag, the bytes between its tags, and the spans of its children. Raises
    `StreamError` when there are more than `limit` of those bytes.
    """
    writer = _Writer(content, limit)
    parser = ParserCreate("UTF-8", SEPARATOR)
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.Parse(header, False)
    parser.StartNamespaceDeclHandler = writer.declare
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.Parse(data, False)
    return writer.parts()


class _Writer:
    def __init__(self, content: str, limit: int) -> None:
        self._content = content
        self._limit = limit
        self._top: tuple[str, str, dict[str, str]] = (CONTENT, "", {})
        self._out: list[bytes] = []
        self._length = 0
        self._open = False  # the last start tag still lacks its `>`
        # Of each open element: the default namespace (None: the content namespace), the name as
        # written, the prefixes declared.
        self._stack: list[tuple[str | None, str, dict[str, str]]] = []
        self._declared: dict[str, str] = {}
        self._children: list[Child] = []
        self._child: tuple[str, str, int] = ("", "", 0)

    def declare(self, prefix: str | None, uri: str | None) -> None:
        if prefix and uri != self._content:  # attributes that need that declare it again
            self._declared[prefix] = uri or ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        uri, local, _ = _split(name)
        default = None if uri == self._content else uri
        symbol = CONTENT if default is None else namespace_symbol(uri)
        declared, self._declared = self._declared, {}
        prefixes = self._stack[-1][2] if len(self._stack) > 1 else {}
        written, prefixes = _attributes(attributes, declared, prefixes)
        if not self._stack:
            self._top = symbol, local, written
            self._stack.append((None if uri == XML else default, local, {}))
            return
        self._close_tag()
        if len(self._stack) == 1:
            self._child = symbol, local, self._length
        inherited = self._stack[-1][0]
        if uri == XML:  # which must not be declared as default (XML-NAMES, 3)
            default, local = inherited, f"xml:{local}"
        self._write(open_tag(local, written, None if default == inherited else uri).encode())
        self._open = True
        self._stack.append((default, local, prefixes))

    def end(self, _: str) -> None:
        name = self._stack.pop()[1]
        if not self._stack:
            return
        if self._open:
            self._write(b"/>")
            self._open = False
        else:
            self._write(f"</{name}>".encode())
        if len(self._stack) == 1:
            self._children.append((*self._child, self._length))

    def text(self, data: str) -> None:
        if self._stack:
            self._close_tag()
            self._write(escape_text(data).encode())

    def parts(self) -> Parts:
        symbol, local, written = self._top
        return symbol, local, written, b"".join(self._out), tuple(self._children)

    def _close_tag(self) -> None:
        if self._open:
            self._write(b">")
            self._open = False

    def _write(self, data: bytes) -> None:
        self._out.append(data)
        self._length += len(data)
        if self._length > self._limit:
            raise StreamError("policy-violation", "too many bytes in one element")


def _attributes(
    attributes: dict[str, str], declared: dict[str, str], prefixes: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Attributes by the names to write, with what they need declared; and all known prefixes."""
    known = prefixes | declared if declared else prefixes
    written = {}
    for key, value in attributes.items():
        uri, local, prefix = _split(key)
        if prefix and uri != XML and known.get(prefix) != uri:
            declared[prefix] = uri
            known = known | {prefix: uri}
        written[f"{prefix}:{local}" if prefix else local] = value
    return written | {f"xmlns:{prefix}": uri for prefix, uri in declared.items()}, known


def _split(name: str) -> tuple[str, str, str]:
    """Namespace, local name and prefix of one of expat's triplets."""
    parts = name.split(SEPARATOR)
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2:
        return parts[0], parts[1], ""
    return parts[0], parts[1], parts[2]
