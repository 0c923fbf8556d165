"""Elements that name an address whose they are not."""

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.claims import without_claims
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

JULIET = Jid.parse("juliet@example.com")


def message(*payload: str) -> Stanza:
    return parse_stanza(f"<message>{''.join(payload)}</message>".encode())


def left(*payload: str) -> bytes | None:
    kept = without_claims(message(*payload), "urn:x", "x", "by", JULIET)
    return None if kept is None else kept.inner


class ClaimsTest(SynchronousTestCase):
    def test_nothing_claimed_nothing_changed(self) -> None:
        others = "<x xmlns='urn:x'/>", "<x xmlns='urn:x' by='a b@'/>", "<x xmlns='urn:x' by='b.c'/>"
        self.assertIsNone(left("<body/>"))
        self.assertIsNone(left(*others))
        self.assertIsNone(left("<x xmlns='urn:y' by='juliet@example.com'/>"))
        self.assertIsNone(left("<y xmlns='urn:x' by='juliet@example.com'/>"))

    def test_every_claim_goes_in_whatever_form(self) -> None:
        forged = (
            "<x xmlns='urn:x' by='juliet@example.com'/>",
            "<x by='JULIET@example.com' xmlns='urn:x'/>",
            "<x xmlns='urn:x' by='&#106;uliet@example.com'/>",
            "<x  xmlns='urn:x' by=\"juliet@example.com\"><y by='z'/></x>",
        )
        self.assertEqual(left(forged[0], "<body/>", *forged), b"<body/>")

    def test_the_full_address_is_another(self) -> None:
        self.assertIsNone(left("<x xmlns='urn:x' by='juliet@example.com/balcony'/>"))
