from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz.reference import tree
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import only_xml
from xmppd.protocol.namespaces import CLIENT, CONTENT, NO_NAMESPACE, SASL
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.spans import Child
from xmppd.protocol.stanza import Stanza

ROMEO, JULIET = Jid("romeo@example.net/orchard"), Jid("juliet@example.com")
HEADER = b"<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>"


def framed(data: bytes) -> Stanza:
    """The stanza as it comes from a client."""
    stanza = Framer().feed(HEADER + data)[1]
    assert isinstance(stanza, Stanza)
    return stanza


def names(children: tuple[Child, ...]) -> list[tuple[str, str]]:
    return [child[:2] for child in children]


class MakingTests(SynchronousTestCase):
    def test_make(self) -> None:
        made = Stanza.make("message", b"<a/>", b"<b/>", to=JULIET, sender=ROMEO, id="1", type=None)
        self.assertEqual(
            made.to_bytes(),
            f"<message id='1' from='{ROMEO}' to='{JULIET}'><a/><b/></message>".encode(),
        )
        self.assertEqual((made.to, made.sender, made.id, made.type), (JULIET, ROMEO, "1", None))
        self.assertEqual(names(made.children), [("", "a"), ("", "b")])

    def test_namespace(self) -> None:
        self.assertEqual(Stanza.make("x", ns="u'").to_bytes(), b"<x xmlns='u&apos;'/>")
        self.assertEqual(Stanza.make("x", ns=NO_NAMESPACE).to_bytes(), b"<x xmlns=''/>")
        self.assertEqual(Stanza.make("iq").to_bytes(CLIENT), b"<iq xmlns='jabber:client'/>")
        self.assertEqual(Stanza.make("x", ns="u").to_bytes(CLIENT), b"<x xmlns='u'/>")

    def test_repr_shows_no_content(self) -> None:
        """A log must never show what people say, and no control characters."""
        made = Stanza.make("message", b"<body>secret</body>", id="a\n\u202e", subject="secret")
        self.assertNotIn("secret", repr(made))
        self.assertTrue(repr(made).isprintable())

    @settings(deadline=None, max_examples=100)
    @given(st.text().map(only_xml), st.text().map(only_xml))
    def test_attributes(self, value: str, lang: str) -> None:
        """S4: the same after parsing."""
        made = Stanza.make("iq", **{"id": value, "xml:lang": lang})
        again = framed(made.to_bytes())
        self.assertEqual((again.id, again.lang), (value, lang))


class ChildrenTests(SynchronousTestCase):
    """Found while framing, or when first asked for: the same ones."""

    def test_children(self) -> None:
        data = b"<body>a</body><x xmlns='u'><body/></x>text<body xmlns=''/>"
        expected = [("", "body"), ("u", "x"), (NO_NAMESPACE, "body")]
        came = framed(b"<message>%b</message>" % data)
        made = Stanza.make("message", data)
        self.assertEqual(names(came.children), expected)
        self.assertEqual(made.children, came.children)
        self.assertEqual(made.child_bytes("u", "x"), b"<x xmlns='u'><body/></x>")
        self.assertTrue(made.has(CONTENT, "body"))
        self.assertFalse(made.has(CLIENT, "body"))
        self.assertIsNone(made.child_bytes(CONTENT, "x"))
        self.assertEqual(Stanza.make("iq").children, ())

    def test_children_of_other_namespaces(self) -> None:
        """They inherit their parent's, hyphens and all."""
        made = Stanza.make("success", b"<x/><y xmlns=''/>", ns=SASL)
        self.assertEqual(names(made.children), [(SASL, "x"), (NO_NAMESPACE, "y")])
        child = made.child(SASL, "x")
        assert child is not None
        self.assertEqual(child.uri, SASL)

    def test_foreign_content_namespace(self) -> None:
        """S8: a `{jabber:server}body` of a client is no body, before or after a change."""
        came = framed(b"<message><body xmlns='jabber:server'>x</body></message>")
        for stanza in (came, came.adding(b"<x/>"), Stanza.make("message", came.inner)):
            self.assertEqual(stanza.children[0][0], "jabber:server")
            self.assertIsNone(stanza.text(CONTENT, "body"))

    def test_child(self) -> None:
        came = framed(
            b"<message xmlns:a='u'><a:x a:y='1'><a:z/></a:x><x xmlns='v' id='2'>t</x></message>"
        )
        first, second = came.child("u", "x"), came.child("v", "x")
        assert first is not None and second is not None
        self.assertEqual((first.uri, first.name, first[("u", "y")]), ("u", "x", "1"))
        self.assertEqual((second["id"], str(second)), ("2", "t"))
        self.assertIsNone(first.parent)
        self.assertIsNone(came.child("u", "z"))

    def test_child_with_declaration_of_ours(self) -> None:
        made = Stanza("", "message", {"xmlns:a": "u"}, b"<a:x/><b/>")
        self.assertEqual(names(made.children), [("u", "x"), ("", "b")])
        child = made.child("u", "x")
        assert child is not None
        self.assertEqual(child.uri, "u")

    def test_content_in_trees(self) -> None:
        child = framed(b"<message><body>x</body></message>").child(CONTENT, "body")
        assert child is not None
        self.assertEqual((child.uri, child.name), (CLIENT, "body"))

    def test_payload(self) -> None:
        came = framed(b"<iq><error/><query xmlns='u'/><x/></iq>")
        payload = came.payload()
        assert payload is not None
        self.assertEqual((payload.uri, payload.name), ("u", "query"))
        self.assertIsNone(framed(b"<iq><error/></iq>").payload())

    def test_text(self) -> None:
        came = framed(
            b"<message><body>a&lt;<![CDATA[<]]><i>no</i>\xc3\xa9</body><subject/></message>"
        )
        self.assertEqual(came.text(CONTENT, "body"), "a<<\xe9")
        self.assertEqual(came.text(CONTENT, "subject"), "")
        self.assertIsNone(came.text(CONTENT, "thread"))

    def test_element(self) -> None:
        tree = framed(b"<message to='a.test'>x<body>y</body></message>").element()
        self.assertEqual((tree.uri, tree.name, tree["to"]), (CLIENT, "message", "a.test"))
        self.assertEqual(tree.children[0], "x")
        self.assertEqual(str(tree.body), "y")

    def test_text_of_the_element_itself(self) -> None:
        came = framed(f"<auth xmlns='{SASL}'>eA==</auth>".encode())
        self.assertEqual((came.element().uri, str(came.element())), (SASL, "eA=="))
        self.assertEqual(came.own_text(), "eA==")
        self.assertEqual(framed(b"<message>a&lt;<i>no</i>\r\nb</message>").own_text(), "a<\nb")


class ChangingTests(SynchronousTestCase):
    """A stanza is a value: what changes is another one."""

    def setUp(self) -> None:
        self.came = framed(
            f"<message to='{JULIET}' from='{ROMEO}'><body>x</body><a xmlns='u'/>"
            "<a xmlns='u'><b/></a><a/></message>".encode()
        )

    def check(self, changed: Stanza, inner: bytes) -> None:
        """Its spans are those that a new look would find."""
        self.assertEqual(changed.inner, inner)
        self.assertEqual(changed.children, Stanza("", "message", {}, inner).children)
        self.assertEqual((changed.to, changed.sender), (self.came.to, self.came.sender))
        self.assertEqual(len(self.came.children), 4)

    def test_adding(self) -> None:
        self.check(self.came.adding(b"<c/><d/>"), self.came.inner + b"<c/><d/>")
        self.check(self.came.adding(b"<c/>").adding(b"t<d/>"), self.came.inner + b"<c/>t<d/>")
        made = Stanza.make("message", to=JULIET, sender=ROMEO)
        added = made.adding(b"<x/>")
        self.assertEqual(added.to_bytes().count(b"<x/></message>"), 1)
        self.assertEqual(names(added.children), [("", "x")])

    def test_without(self) -> None:
        """All matches are cut."""
        self.check(self.came.without("u", "a"), b"<body>x</body><a/>")
        self.check(self.came.without("", "a"), b"<body>x</body><a xmlns='u'/><a xmlns='u'><b/></a>")
        self.check(self.came.adding(b"<c/>").without("u", "a"), b"<body>x</body><a/><c/>")
        self.assertIs(self.came.without("v", "a"), self.came)

    def test_keeping(self) -> None:
        self.check(
            self.came.keeping(child for child in self.came.children if child[1] == "a"),
            b"<a xmlns='u'/><a xmlns='u'><b/></a><a/>",
        )
        self.check(self.came.keeping(()), b"")

    def test_written_before(self) -> None:
        """What is made of a stanza reads the same whether that has been written or not."""
        for ns in CONTENT, SASL:
            attrs = {"to": JULIET, "id": "<"}
            written, made = (Stanza(ns, "message", attrs, b"<a/>", None, JULIET) for _ in range(2))
            once, forwarded = written.to_bytes(), written.to_bytes("u")
            self.assertEqual((written.to_bytes(), written.to_bytes("u")), (once, forwarded))
            for change in (
                lambda stanza: stanza.adding(b"<b/>"),
                lambda stanza: stanza.without(stanza.ns, "a"),
                lambda stanza: stanza.keeping([]),
                lambda stanza: stanza.readdressed(ROMEO, JULIET),
                lambda stanza: next(stanza.copies([ROMEO])),
                lambda stanza: stanza.error("gone"),
            ):
                self.assertEqual(change(written).to_bytes(), change(made).to_bytes())

    def test_copies(self) -> None:
        """The same bytes as if each were readdressed, whatever becomes of it then."""
        told = Stanza.make("message", b"<body/>", sender=JULIET, type="groupchat")
        empty = Stanza.make("presence", to=ROMEO)
        addresses = [ROMEO, Jid.parse("juliet@example.com/<a&'b'>"), JULIET]
        for stanza in (told, empty, self.came):
            for copy, to in zip(stanza.copies(addresses), addresses, strict=True):
                other = stanza.readdressed(to)
                self.assertEqual(copy.children, other.children)
                for made in (copy, copy.adding(b"<x/>"), copy.readdressed(sender=ROMEO)):
                    self.assertEqual((made.to, made.attrs["to"]), (to, to))
                    self.assertEqual(parse_stanza(made.to_bytes()).to, to)
                self.assertEqual(
                    parse_stanza(copy.to_bytes()).attrs, parse_stanza(other.to_bytes()).attrs
                )

    def test_readdressed(self) -> None:
        other = Jid("nurse@example.com")
        changed = self.came.readdressed(other, id="7")
        self.assertEqual((changed.to, changed.sender, changed.id), (other, ROMEO, "7"))
        self.assertEqual(changed.attrs["to"], other)
        self.assertIs(changed.inner, self.came.inner)
        self.assertIs(changed.children, self.came.children)
        self.assertEqual(self.came.to, JULIET)
        self.assertNotIn("id", self.came.attrs)
        self.assertEqual(self.came.readdressed(sender=other).attrs["from"], other)

    def test_malformed(self) -> None:
        """It stays malformed until it gets an address; `from` counts for more."""
        came = framed(b"<message to='@' from='@'/>")
        self.assertEqual(came.malformed, "from")
        self.assertEqual(came.adding(b"<x/>").malformed, "from")
        self.assertEqual(came.readdressed(JULIET).malformed, "from")
        self.assertEqual(came.readdressed(sender=ROMEO).malformed, "to")
        self.assertIsNone(came.readdressed(JULIET, ROMEO).malformed)
        self.assertEqual(came.error("jid-malformed").attrs, {"type": "error"})


class AnswerTests(SynchronousTestCase):
    """RFC 6120, 8.2.3 and 8.3.1."""

    def setUp(self) -> None:
        self.came = framed(
            f"<iq type='get' id='&#10;1' to='{JULIET}' from='{ROMEO}'><q xmlns='u'/></iq>".encode()
        )

    def test_reply(self) -> None:
        answer = self.came.reply(b"<q xmlns='u'>", b"</q>")
        self.assertEqual((answer.to, answer.sender), (ROMEO, JULIET))
        self.assertEqual(answer.attrs, {"type": "result", "id": "\n1", "from": JULIET, "to": ROMEO})
        self.assertEqual(answer.inner, b"<q xmlns='u'></q>")

    def test_error(self) -> None:
        for error in (
            self.came.error("item-not-found", "none"),
            self.came.error(StanzaError("item-not-found", "none")),
        ):
            self.assertEqual((error.name, error.type, error.id), ("iq", "error", "\n1"))
            self.assertEqual((error.to, error.sender), (ROMEO, JULIET))
            found = tree(b"<s xmlns='jabber:client'>%b</s>" % error.to_bytes())
            self.assertEqual(len(found[2]), 1)
            self.assertFalse(error.has("u", "q"))

    def test_without_addresses(self) -> None:
        self.assertEqual(framed(b"<iq type='get'/>").reply().to_bytes(), b"<iq type='result'/>")
