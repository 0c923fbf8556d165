"""What is generated from the extensions' own words."""

from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.catalogue import doap, xep_table
from xmppd.component.extension import Extension


class Carols(Extension):
    """XEP-9001: sing | hum;
    and dance; XEP-9000: bow & scrape.

    XEP-9001: not this.
    """

    xep = 9001, "1.2"
    also = ((9000, "0.1"), (17, "3"))
    name = "carols"
    default = False


class Silent(Extension):
    """Implements no XEP."""


class CatalogueTest(SynchronousTestCase):
    def test_table(self) -> None:
        """By number; the extension under the name that configuration knows it by."""
        url = "https://xmpp.org/extensions/xep-"
        self.assertEqual(
            xep_table([Silent, Carols]).splitlines()[2:],
            [
                f"| [0017]({url}0017.html) | 3 | `carols` | off "
                "| Sing \\| hum; and dance; XEP-9000: bow & scrape. |",
                f"| [9000]({url}9000.html) | 0.1 | `carols` | off | Bow & scrape. |",
                f"| [9001]({url}9001.html) | 1.2 | `carols` | off | Sing \\| hum; and dance |",
            ],
        )

    def test_doap(self) -> None:
        """XEP-0453: well-formed, one SupportedXep for each."""
        root = ElementTree.fromstring(doap([Silent, Carols]).encode())
        xmpp = "{https://linkmauve.fr/ns/xmpp-doap#}"
        rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
        found = [
            (xep.find(f"{xmpp}xep"), xep.findtext(f"{xmpp}version"))
            for xep in root.iter(f"{xmpp}SupportedXep")
        ]
        self.assertEqual(
            [(xep.attrib[f"{rdf}resource"], version) for xep, version in found if xep is not None],
            [
                ("https://xmpp.org/extensions/xep-0017.html", "3"),
                ("https://xmpp.org/extensions/xep-9000.html", "0.1"),
                ("https://xmpp.org/extensions/xep-9001.html", "1.2"),
            ],
        )
        self.assertIn("Bow & scrape.", [note.text for note in root.iter(f"{xmpp}note")])

    def test_nothing(self) -> None:
        ElementTree.fromstring(doap([]).encode())
        self.assertEqual(len(xep_table([]).splitlines()), 2)
