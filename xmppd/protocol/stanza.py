"""The stanza: an immutable value that components pass on without building a tree."""

import re
from collections.abc import Iterable, Iterator

from twisted.words.xish import domish

from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import escape_attribute, open_tag
from xmppd.protocol.namespaces import CLIENT, CONTENT, XML
from xmppd.protocol.spans import Child, children_of, uri_of, wrap

_MARKUP = re.compile(rb"[<&\r]")


class Stanza:
    """An element at the first level of a stream. Never changed once made, so links may share it.

    `ns` is `CONTENT` for elements of the stream's content namespace. `attrs` holds the top tag's
    attributes under the names they are written with (`xml:lang`, `xmlns:x`). `inner` are the bytes
    between the tags; `children` says where in them the direct children stand. `to` and `sender`
    are the prepared addresses, None where absent; where one is present and not a JID, `malformed`
    names it: `to` (RFC 6120, 8.3.3.8: jid-malformed) or `from` (4.9.3.9: invalid-from), which
    counts for more if both are. Its attribute stays as it came, but an answer leaves it out.

    `since` and `copied` are notes beside the value: since when, in seconds, somebody has it wait,
    and who has a copy of it. They are set by them, and not there before.
    """

    __slots__ = (
        "_children",
        "_scanned",
        "_tag",
        "attrs",
        "copied",
        "inner",
        "malformed",
        "name",
        "ns",
        "sender",
        "since",
        "to",
    )

    since: float
    copied: set[object]

    def __init__(
        self,
        ns: str,
        name: str,
        attrs: dict[str, str],
        inner: bytes = b"",
        children: tuple[Child, ...] | None = None,
        to: Jid | None = None,
        sender: Jid | None = None,
    ) -> None:
        self.ns = ns
        self.name = name
        self.attrs = attrs
        self.inner = inner
        self._children = children or ()
        self._scanned = 0 if children is None else len(inner)  # bytes that `_children` covers
        self.to = to
        self.sender = sender
        self.malformed: str | None = None
        self._tag: str | None = None  # the start tag but for its end, once it was written

    @classmethod
    def make(
        cls,
        name: str,
        *payload: bytes,
        to: Jid | None = None,
        sender: Jid | None = None,
        ns: str = CONTENT,
        **attrs: str | None,
    ) -> "Stanza":
        """Make a stanza of ours. `attrs` that are None are left out."""
        present = {key: value for key, value in attrs.items() if value is not None}
        if sender is not None:
            present["from"] = sender
        if to is not None:
            present["to"] = to
        return cls(ns, name, present, b"".join(payload), None, to, sender)

    @property
    def id(self) -> str | None:
        return self.attrs.get("id")

    @property
    def type(self) -> str | None:
        return self.attrs.get("type")

    @property
    def lang(self) -> str | None:
        return self.attrs.get("xml:lang")

    @property
    def children(self) -> tuple[Child, ...]:
        """The direct children; found by the framer, or here for stanzas of our own making."""
        start = self._scanned
        if start < len(self.inner):
            wrapped, offset = self._wrapped(self.inner[start:])
            self._children += children_of(wrapped, offset - start)
            self._scanned = len(self.inner)
        return self._children

    # Looking inside

    def has(self, ns: str, name: str) -> bool:
        """Whether there is a direct child of that namespace and name."""
        for child_ns, child_name, _, _ in self.children:
            if child_name == name and child_ns == ns:
                return True
        return False

    def child_bytes(self, ns: str, name: str) -> bytes | None:
        """The first direct child of that name as it stands, or None."""
        for child_ns, child_name, start, stop in self.children:
            if child_name == name and child_ns == ns:
                return self.inner[start:stop]
        return None

    def child(self, ns: str, name: str) -> domish.Element | None:
        """The first direct child of that name as a tree of its own, or None.

        Elements of the content namespace have the uri `jabber:client` in trees.
        """
        data = self.child_bytes(ns, name)
        return None if data is None else self._tree(data)

    def payload(self) -> domish.Element | None:
        """The first direct child that is not an `<error/>`: what an iq asks or answers."""
        for ns, name, start, stop in self.children:
            if ns != CONTENT or name != "error":
                return self._tree(self.inner[start:stop])
        return None

    def text(self, ns: str, name: str) -> str | None:
        """The text of the first direct child of that name, or None where there is no such child.

        Text inside that child's own children does not count.
        """
        found = self.child(ns, name)
        return None if found is None else _text_of(found)

    def own_text(self) -> str:
        """The text of the element itself, without that of its children."""
        if _MARKUP.search(self.inner) is None:
            return self.inner.decode()
        return _text_of(self.element())

    def element(self) -> domish.Element:
        """The whole stanza as a tree of its own."""
        return _parse(b"<x>%b</x>" % self.to_bytes(CLIENT))

    # Making others of it

    def readdressed(
        self, to: Jid | None = None, sender: Jid | None = None, **attrs: str
    ) -> "Stanza":
        """The same content under other addresses; None leaves one as it is."""
        changed = self.attrs | attrs
        if to is not None:
            changed["to"] = to
        if sender is not None:
            changed["from"] = sender
        made = Stanza(
            self.ns,
            self.name,
            changed,
            self.inner,
            self._children,
            to or self.to,
            sender or self.sender,
        )
        made._scanned = self._scanned
        if self.malformed is not None:
            made.malformed = _malformed(made)
        return made

    def copies(self, addresses: Iterable[Jid]) -> Iterator["Stanza"]:
        """The same to each of many; what their bytes have in common is made once."""
        attrs = {key: value for key, value in self.attrs.items() if key != "to"}
        opened = open_tag(self.name, attrs) if self.ns == CONTENT else None
        children = self.children
        for to in addresses:
            present = {**attrs, "to": to}
            made = Stanza(self.ns, self.name, present, self.inner, children, to, self.sender)
            if opened is not None:
                made._tag = f"{opened} to='{escape_attribute(to)}'"
            yield made

    def adding(self, xml: bytes) -> "Stanza":
        """With finished XML put behind the last child."""
        return self._with(self.inner + xml, self._children, self._scanned)

    def adding_child(self, ns: str, name: str, xml: bytes) -> "Stanza":
        """The same with one element of that name, which then need not be looked for."""
        start, inner = len(self.inner), self.inner + xml
        if self._scanned < start:
            return self._with(inner, self._children, self._scanned)
        return self._with(inner, (*self._children, (ns, name, start, len(inner))), len(inner))

    def without(self, ns: str, name: str) -> "Stanza":
        """With every direct child of that name cut out; itself where there is none."""
        if not self.has(ns, name):
            return self
        return self.keeping(child for child in self.children if child[1] != name or child[0] != ns)

    def keeping(self, kept: Iterable[Child]) -> "Stanza":
        """With only those of its direct children, and no text between them."""
        parts: list[bytes] = []
        children: list[Child] = []
        length = 0
        for ns, name, start, stop in kept:
            parts.append(self.inner[start:stop])
            children.append((ns, name, length, length + stop - start))
            length += stop - start
        return self._with(b"".join(parts), tuple(children), length)

    def _with(self, inner: bytes, children: tuple[Child, ...], scanned: int) -> "Stanza":
        """The same but for its content, of which that much is known to hold those children."""
        made = Stanza(self.ns, self.name, self.attrs, inner, children, self.to, self.sender)
        made._scanned = scanned
        made.malformed = self.malformed
        if self._tag is None and self.ns == CONTENT:
            self._tag = open_tag(self.name, self.attrs)  # once for both: often both are written
        made._tag = self._tag
        return made

    def reply(self, *payload: bytes) -> "Stanza":
        """An iq result that answers this request (RFC 6120, 8.2.3), addresses swapped."""
        return self._answer("result", b"".join(payload))

    def error(self, error: StanzaError | str, text: str = "") -> "Stanza":
        """An error stanza that answers this one (RFC 6120, 8.3); the payload is not echoed."""
        if isinstance(error, str):
            error = StanzaError(error, text)
        inner = error.to_bytes()
        return self._answer("error", inner, ((self.ns, "error", 0, len(inner)),))

    def _answer(
        self, type: str, inner: bytes, children: tuple[Child, ...] | None = None
    ) -> "Stanza":
        attrs = {"type": type}
        if (id := self.attrs.get("id")) is not None:
            attrs["id"] = id
        if self.to is not None:
            attrs["from"] = self.to
        if self.sender is not None:
            attrs["to"] = self.sender
        return Stanza(self.ns, self.name, attrs, inner, children, self.sender, self.to)

    def to_bytes(self, xmlns: str | None = None) -> bytes:
        """The whole element.

        `xmlns` declares a content namespace where the surroundings do not (XEP-0297, RFC 7395).
        """
        if self._tag is not None and xmlns is None:
            return self._closed(self._tag)
        name = self.name
        if self.ns == XML:  # which must not be declared as default (XML-NAMES, 3)
            name = f"xml:{name}"
        elif self.ns != CONTENT:
            xmlns = uri_of(self.ns)
        tag = open_tag(name, self.attrs, xmlns)
        if self.ns == CONTENT and xmlns is None:
            self._tag = tag
        return self._closed(tag, name)

    def _closed(self, tag: str, name: str = "") -> bytes:
        """The whole element, whose start tag is that but for its end."""
        if not self.inner:
            return f"{tag}/>".encode()
        return b"%b>%b</%b>" % (tag.encode(), self.inner, (name or self.name).encode())

    def __repr__(self) -> str:
        """Names and addresses only: a log must never show what people say."""
        shown = {key: self.attrs[key] for key in ("type", "id", "from", "to") if key in self.attrs}
        return f"<Stanza {self.name} {shown}>"

    def _wrapped(self, inner: bytes, content: str = CONTENT) -> tuple[bytes, int]:
        """`content` takes the place of the content namespace."""
        declared = {key: value for key, value in self.attrs.items() if key.startswith("xmlns:")}
        return wrap(inner, content if self.ns in (CONTENT, XML) else self.ns, declared)

    def _tree(self, data: bytes) -> domish.Element:
        return _parse(self._wrapped(data, CLIENT)[0])


def _text_of(tree: domish.Element) -> str:
    return "".join([part for part in tree.children if isinstance(part, str)])


def _malformed(stanza: Stanza) -> str | None:
    """Which address is written and not a JID."""
    for key, address in (("from", stanza.sender), ("to", stanza.to)):
        if address is None and key in stanza.attrs:
            return key
    return None


def _parse(data: bytes) -> domish.Element:
    """The tree of the first element in a root; it has passed a framer's caps.

    Raises `StanzaError` where that has more elements than domish takes, a hundred thousand.
    """
    found: list[domish.Element] = []
    stream = domish.elementStream()
    stream.DocumentStartEvent = lambda root: None
    stream.ElementEvent = found.append
    stream.DocumentEndEvent = lambda: None
    try:
        stream.parse(data)
    except domish.ParserError as problem:
        raise StanzaError("policy-violation", "too many elements") from problem
    element = found[0]
    element.parent = None
    return element
