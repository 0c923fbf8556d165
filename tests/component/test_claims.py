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

    def test_copies_for_several(self) -> None:
        """Copies with the same content lose what names their own recipient."""
        claims = [f"<x xmlns='urn:x' by='{name}@example.com'/>" for name in ("juliet", "romeo")]
        original = message(*claims)
        for name, kept in (("romeo", claims[0]), ("juliet", claims[1]), ("nurse", None)):
            address = Jid.parse(f"{name}@example.com")
            copy = without_claims(original.readdressed(address), "urn:x", "x", "by", address)
            self.assertEqual(copy and copy.inner, kept and kept.encode())

    def test_prefixes_of_the_stanza(self) -> None:
        """The same content means something else where its prefix does."""
        inner = b"<p:x by='juliet@example.com'/>"
        for uri, kept in (("urn:x", b""), ("urn:y", None), ("urn:x", b"")):
            found = Stanza("", "message", {"xmlns:p": uri}, inner)
            copy = without_claims(found, "urn:x", "x", "by", JULIET)
            self.assertEqual(copy and copy.inner, kept)

    def test_long_content(self) -> None:
        """What is too long to be remembered is looked at as well."""
        body = f"<body>{'a' * 5_000}</body>"
        self.assertEqual(left(body, "<x xmlns='urn:x' by='juliet@example.com'/>"), body.encode())
