"""XEP-0115."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.discovery import Identity, Info
from xmppd.component.requests import condition_of
from xmppd.component.session import verb
from xmppd.extensions.caps import CAPS, NODE, Caps, verification
from xmppd.extensions.contact_addresses import ContactAddresses
from xmppd.extensions.disco import Disco, host_info
from xmppd.extensions.ping import Ping
from xmppd.protocol.forms import Field, FieldType, Form, FormType
from xmppd.protocol.jid import Jid
from xmppd.protocol.stanza import Stanza

INFO = "http://jabber.org/protocol/disco#info"
FEATURES = (
    "http://jabber.org/protocol/muc",
    "http://jabber.org/protocol/disco#items",
    "http://jabber.org/protocol/caps",
    INFO,
)


class VerificationTest(SynchronousTestCase):
    def test_simple_example(self) -> None:
        """5.2."""
        info = Info((Identity("client", "pc", "Exodus 0.9.1"),), FEATURES)
        self.assertEqual(verification(info), "QgayPKawpkPSDYmwT/WM94uAlu0=")

    def test_complex_example(self) -> None:
        """5.3: identities, fields and values are sorted; FORM_TYPE comes first."""
        form = Form.of(
            FormType.RESULT,
            "urn:xmpp:dataforms:softwareinfo",
            Field("software", values=("Psi",)),
            Field("ip_version", FieldType.TEXT_MULTI, ("ipv6", "ipv4")),
            Field("os", values=("Mac",)),
            Field("os_version", values=("10.5.1",)),
            Field("software_version", values=("0.11",)),
        )
        info = Info(
            (
                Identity("client", "pc", "Psi 0.11", "en"),
                Identity("client", "pc", "Ψ 0.11", "el"),
            ),
            FEATURES,
            (form,),
        )
        self.assertEqual(verification(info), "q07IKJEyjvHSyhy//CH0CxmKi8w=")

    def test_form_without_type_is_ignored(self) -> None:
        """5.4."""
        info = Info((Identity("client", "pc", "Exodus 0.9.1"),), FEATURES)
        form = Form(FormType.RESULT, (Field("os", values=("Mac",)),))
        with_form = Info(info.identities, info.features, (form,))
        self.assertEqual(verification(with_form), verification(info))


class CapsTest(SynchronousTestCase):
    def setUp(self) -> None:
        contact = ContactAddresses.Options(abuse=("mailto:abuse@example.com",))
        self.house = House([Caps, Disco, Ping, (ContactAddresses, contact)])
        assert self.house.host is not None
        self.host = self.house.host
        self.ver = verification(host_info(self.host.dispatch.extensions))
        self.juliet = self.house.client()

    def info(self, node: str = "", to: str = "example.com") -> Stanza:
        return self.juliet.answer(
            f"<iq type='get' id='c' to='{to}'><query xmlns='{INFO}' node='{node}'/></iq>"
        )

    def test_stream_feature(self) -> None:
        """6.3: after login, with the hash of what the host answers."""
        sender = Jid.parse("c2s-1/e")
        [facts] = self.house.ask("example.com", sender, verb("hello", host="example.com")).items
        self.assertIn(
            f"<c xmlns='{CAPS}' hash='sha-1' node='{NODE}' ver='{self.ver}'/>".encode(),
            facts.inner,
        )

    def test_node(self) -> None:
        """6.2: the same information under the hash's node."""
        answer, plain = self.info(f"{NODE}#{self.ver}"), self.info()
        self.assertEqual(answer.type, "result")
        self.assertEqual(answer.inner.replace(f"{NODE}#{self.ver}".encode(), b""), plain.inner)
        self.assertIn(CAPS.encode(), plain.inner)

    def test_other_nodes(self) -> None:
        """An outdated hash, another software, an account: not ours to answer."""
        for node, to in (
            (f"{NODE}#{'A' * 27}=", "example.com"),
            (f"urn:other#{self.ver}", "example.com"),
            (f"{NODE}#{self.ver}", "juliet@example.com"),
        ):
            self.assertEqual(condition_of(self.info(node, to)), "item-not-found")

    def test_hash_follows_the_configuration(self) -> None:
        """6.1: recomputed when what it stands for has changed."""
        [contact] = [one for one in self.host.dispatch.extensions if one.title() == "contact"]
        contact.reload(ContactAddresses.Options())
        self.assertEqual(condition_of(self.info(f"{NODE}#{self.ver}")), "item-not-found")
        ver = verification(host_info(self.host.dispatch.extensions))
        self.assertEqual(self.info(f"{NODE}#{ver}").type, "result")
