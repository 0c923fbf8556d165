"""XEP-0157."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.contact_addresses import ContactAddresses
from xmppd.extensions.disco import Disco
from xmppd.protocol.forms import Form


class ContactAddressesTest(SynchronousTestCase):
    def forms(self, **options: Any) -> list[Form]:
        house = House([Disco, (ContactAddresses, ContactAddresses.Options(**options))])
        answer = house.client().answer(
            "<iq type='get' id='d' to='example.com'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
        query = answer.payload()
        assert query is not None
        return [Form.parse(child) for child in query.elements() if child.name == "x"]

    def test_form(self) -> None:
        """3: a result form with the fields that have addresses."""
        [form] = self.forms(
            abuse=("mailto:abuse@example.com", "xmpp:abuse@example.com"),
            status=("https://status.example.com/?a=b&c",),
        )
        self.assertEqual(form.type, "result")
        self.assertEqual(form.form_type, "http://jabber.org/network/serverinfo")
        self.assertEqual(
            {field.var: field.values for field in form.fields[1:]},
            {
                "abuse-addresses": ("mailto:abuse@example.com", "xmpp:abuse@example.com"),
                "status-addresses": ("https://status.example.com/?a=b&c",),
            },
        )

    def test_every_purpose(self) -> None:
        """7.1: the registered fields."""
        purposes = ["abuse", "admin", "feedback", "sales", "security", "status", "support"]
        [form] = self.forms(**{purpose: ("xmpp:help@example.com",) for purpose in purposes})
        self.assertEqual(
            [field.var for field in form.fields[1:]],
            [f"{purpose}-addresses" for purpose in purposes],
        )

    def test_nothing_configured(self) -> None:
        self.assertEqual(self.forms(), [])

    def test_only_uris(self) -> None:
        """3: a wrong one is refused when the configuration is read, and named."""
        for wrong in "abuse@example.com", "", "mailto:", "https://a b", "xmpp:<x>":
            with self.assertRaisesRegex(ValueError, "^status: not a URI"):
                ContactAddresses.Options(status=(wrong,))

    def test_section_of_the_configuration(self) -> None:
        self.assertEqual(ContactAddresses.title(), "contact")
