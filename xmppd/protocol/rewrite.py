"""Writing a stanza anew by its resolved names, where raw bytes cannot be forwarded.

A stanza may lean on prefixes of its stream's header, use a prefix for the content namespace, or
declare namespaces that the next stream declares itself. Such a stanza is written anew, once, at
the edge: elements without prefix, the content namespace undeclared wherever it is inherited.
"""

from pyexpat import ParserCreate

from xmppd.protocol.markup import escape_text, open_tag
from xmppd.protocol.namespaces import CONTENT, XML
from xmppd.protocol.spans import SEPARATOR, Child, namespace_symbol

Parts = tuple[str, str, dict[str, str], bytes, tuple[Child, ...]]


def rewrite(data: bytes, header: bytes, content: str) -> Parts:
    """Take apart one element that stands under the stream header `header`.

    `content` is the stream's content namespace. Returns what `Stanza` takes: namespace, name,
    attributes of the top tag, the bytes between its tags, and the spans of its children.
    """
    writer = _Writer(content)
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
    def __init__(self, content: str) -> None:
        self._content = content
        self._top: tuple[str, str, dict[str, str]] = (CONTENT, "", {})
        self._out: list[bytes] = []
        self._length = 0
        self._open = False  # the last start tag still lacks its `>`
        self._stack: list[tuple[str, str, dict[str, str]]] = []  # default, name, prefixes
        self._declared: dict[str, str] = {}
        self._children: list[Child] = []
        self._child: tuple[str, str, int] = ("", "", 0)

    def declare(self, prefix: str | None, uri: str | None) -> None:
        if prefix:
            self._declared[prefix] = uri or ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        uri, local, _ = _split(name)
        symbol = CONTENT if uri == self._content else namespace_symbol(uri)
        prefixes = dict(self._stack[-1][2]) if self._stack else {}
        declared, self._declared = self._declared, {}
        prefixes |= declared
        written = self._attributes(attributes, declared, prefixes)
        if not self._stack:
            self._top = symbol, local, written
        else:
            self._start_inner(symbol, uri, local, written)
        self._stack.append((symbol, local, prefixes))

    def _start_inner(self, symbol: str, uri: str, local: str, written: dict[str, str]) -> None:
        self._close_tag()
        if len(self._stack) == 1:
            self._child = symbol, local, self._length
        inherited = self._stack[-1][0]
        self._write(open_tag(local, written, None if symbol == inherited else uri).encode())
        self._open = True

    def end(self, name: str) -> None:
        symbol, local, _ = self._stack.pop()
        if not self._stack:
            return
        if self._open:
            self._write(b"/>")
            self._open = False
        else:
            self._write(f"</{local}>".encode())
        if len(self._stack) == 1:
            self._children.append((*self._child, self._length))

    def text(self, data: str) -> None:
        if self._stack:
            self._close_tag()
            self._write(escape_text(data).encode())

    def parts(self) -> Parts:
        symbol, local, written = self._top
        return symbol, local, written, b"".join(self._out), tuple(self._children)

    def _attributes(
        self, attributes: dict[str, str], declared: dict[str, str], prefixes: dict[str, str]
    ) -> dict[str, str]:
        """Attributes by the names to write, with the declarations that they need."""
        written = {}
        for key, value in attributes.items():
            uri, local, prefix = _split(key)
            if prefix and uri != XML and prefixes.get(prefix) != uri:
                declared[prefix] = prefixes[prefix] = uri
            written[f"{prefix}:{local}" if prefix else local] = value
        return written | {f"xmlns:{prefix}": uri for prefix, uri in declared.items()}

    def _close_tag(self) -> None:
        if self._open:
            self._write(b">")
            self._open = False

    def _write(self, data: bytes) -> None:
        self._out.append(data)
        self._length += len(data)


def _split(name: str) -> tuple[str, str, str]:
    """Namespace, local name and prefix of one of expat's triplets."""
    parts = name.split(SEPARATOR)
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2:
        return parts[0], parts[1], ""
    return parts[0], parts[1], parts[2]
