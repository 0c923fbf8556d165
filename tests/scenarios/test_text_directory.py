"""Data in readable files, and a hand that edits them."""

import time
from pathlib import Path
from xml.etree.ElementTree import Element

from tests.scenarios.raw import logged_in, told
from tests.scenarios.server import DOMAIN, ScenarioTestCase

ROSTER = "{jabber:iq:roster}"


class TextDirectoryTest(ScenarioTestCase):
    def test_a_roster_edited_by_hand_is_pushed(self) -> None:
        """Within a second; generous here, for slow machines."""
        server = self.server("juliet", "romeo", settings='[storage]\nuse = "directory"')
        with logged_in(server.plain, "juliet") as juliet:
            juliet.send(
                "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>"
                f"<item jid='romeo@{DOMAIN}' name='Romeo'/></query></iq>"
                "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>"
            )
            juliet.read_until(lambda element: element.get("id") == "g")
            path = self.file(server.data, "roster.toml")
            text = path.read_text("utf-8")
            self.assertIn("Romeo", text)
            path.write_text(text.replace("Romeo", "Him"), "utf-8")
            began = time.monotonic()
            push = juliet.read_until(lambda element: self.name_in(element) == "Him")
            print(f"pushed after {time.monotonic() - began:.2f} s", end=" ")
            self.assertEqual(push.get("type"), "set", told(push))

    def name_in(self, element: Element) -> str | None:
        """What a push or a result calls the contact."""
        item = element.find(f"{ROSTER}query/{ROSTER}item")
        return None if item is None else item.get("name")

    def file(self, data: Path, name: str) -> Path:
        """Juliet's file of that name."""
        [path] = [each for each in data.rglob(name) if each.parent.name == "juliet"]
        return path
