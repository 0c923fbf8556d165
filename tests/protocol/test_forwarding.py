"""XEP-0297 and XEP-0203 in bytes."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.forwarding import delay, forwarded, forwarded_bytes
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CLIENT, DELAY, FORWARD
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza


class ForwardingTest(SynchronousTestCase):
    def test_whole_with_its_namespace(self) -> None:
        """XEP-0297, 3.2, rules 1 and 3."""
        xml = (
            "<message from='a@b/c' to='d@e' id='&lt;'><body>&amp;</body><x xmlns='x:x'/></message>"
        )
        holder = Stanza.make("message", forwarded(parse_stanza(xml.encode())))
        element = holder.child(FORWARD, "forwarded")
        assert element is not None
        [message] = element.elements()
        self.assertEqual((message.uri, message.name, message["id"]), (CLIENT, "message", "<"))
        self.assertEqual([(one.uri, one.name) for one in message.elements()],
                         [(CLIENT, "body"), ("x:x", "x")])  # fmt: skip

    def test_received_earlier(self) -> None:
        """XEP-0297, 3.2, rule 2: the delay stands before the stanza."""
        found = forwarded(Stanza.make("message"), 1_000_000)
        self.assertEqual(
            found,
            f"<forwarded xmlns='{FORWARD}'><delay xmlns='{DELAY}' stamp='1970-01-01T00:00:01Z'/>"
            f"<message xmlns='{CLIENT}'/></forwarded>".encode(),
        )

    def test_from_a_store(self) -> None:
        """Bytes as a stanza wrote them give what the stanza gives; nothing left, the delay."""
        for xml in b"<message/>", b"<message id='1'><body>b</body></message>":
            stanza = parse_stanza(xml)
            self.assertEqual(forwarded_bytes(stanza.to_bytes(), 5), forwarded(stanza, 5))
        self.assertEqual(
            forwarded_bytes(b"", 0),
            f"<forwarded xmlns='{FORWARD}'>".encode() + delay(0) + b"</forwarded>",
        )

    def test_delay(self) -> None:
        """XEP-0203, 2: who delayed, and since when."""
        self.assertEqual(
            delay(0, Jid.parse("a.test")),
            f"<delay xmlns='{DELAY}' from='a.test' stamp='1970-01-01T00:00:00Z'/>".encode(),
        )
