"""Dialback as keys and elements (XEP-0185, XEP-0220)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.framer import Framer
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import DIALBACK, SERVER, STREAMS
from xmppd.protocol.stanza import Stanza
from xmppd.s2s.dialback import Dialback, Keys

HEADER = f"<stream:stream xmlns='{SERVER}' xmlns:stream='{STREAMS}' xmlns:db='{DIALBACK}'>"
HERE, THERE = Jid("capulet.example"), Jid("montague.example")


def framed(xml: str) -> Stanza:
    _, item = Framer().feed((HEADER + xml).encode())
    assert isinstance(item, Stanza), item
    return item


class KeysTest(SynchronousTestCase):
    def test_examples(self) -> None:
        """Those of XEP-0185, 4, and XEP-0220, 2.1.1 and 2.2.2."""
        for secret, receiving, originating, stream, key in (
            (
                "s3cr3tf0rd14lb4ck",
                "xmpp.example.com",
                "example.org",
                "D60000229F",
                "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643",
            ),
            (
                "s3cr3tf0rd14lb4ck",
                "montague.example",
                "capulet.example",
                "D60000229F",
                "b4835385f37fe2895af6c196b59097b16862406db80559900d96bf6fa7d23df3",
            ),
            (
                "d14lb4ck43v3r",
                "capulet.example",
                "montague.example",
                "417GAF25",
                "225cc5aa6a071133249d25fef42ae516fc7a86c523aa1c6980a7f73e784c972d",
            ),
        ):
            keys = Keys(secret)
            self.assertEqual(keys.key(receiving, originating, stream), key)
            self.assertTrue(keys.is_right(f"\n {key} ", receiving, originating, stream))
            self.assertFalse(keys.is_right(key, originating, receiving, stream))

    @given(st.text())
    @settings(deadline=None, max_examples=50)
    def test_any_other_key(self, text: str) -> None:
        self.assertFalse(Keys("s").is_right(text, HERE, THERE, "1"))


class ElementTest(SynchronousTestCase):
    def test_there_and_back(self) -> None:
        request = Dialback("verify", HERE, THERE, "a'b", "", "k")
        for said in (
            request,
            Dialback("result", HERE, THERE, "", "", "key"),
            request.answer("valid"),
            request.answer("invalid"),
            request.answer("error", "item-not-found"),
            request.answer("error", "remote-connection-failed"),
        ):
            self.assertEqual(Dialback.read(framed(said.to_bytes().decode())), said)

    def test_answers(self) -> None:
        verify = Dialback("verify", HERE, THERE, "1", "", "k")
        result = Dialback("result", HERE, THERE, "", "", "k")
        self.assertTrue(verify.answer("valid").answers(verify))
        self.assertFalse(Dialback("verify", THERE, HERE, "2", "valid").answers(verify))
        self.assertFalse(Dialback("verify", HERE, THERE, "1", "valid").answers(verify))
        self.assertFalse(result.answer("valid").answers(verify))
        self.assertTrue(Dialback("result", THERE, HERE, "1", "valid").answers(result))

    def test_what_is_none(self) -> None:
        for xml in (
            "<db:result from='a.test'>k</db:result>",
            "<db:result from='a.test' to=''>k</db:result>",
            "<db:result from='a@a.test' to='b.test'>k</db:result>",
            "<db:result from='a.test/x' to='b.test'>k</db:result>",
            "<db:other from='a.test' to='b.test'/>",
        ):
            self.assertIsNone(Dialback.read(framed(xml)), xml)

    def test_errors(self) -> None:
        """Conditions are names that we know, whatever is sent."""
        for inner, condition in (
            ("<error><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", "gone"),
            ("<error><x xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", ""),
            ("<error><gone/></error>", ""),
            ("", ""),
        ):
            xml = f"<db:result from='a.test' to='b.test' type='error'>{inner}</db:result>"
            found = Dialback.read(framed(xml))
            assert found is not None
            self.assertEqual(found.condition, condition or "undefined-condition")

    def test_a_key_is_not_shown(self) -> None:
        self.assertNotIn("sesame", repr(Dialback("result", HERE, THERE, "", "", "sesame")))
