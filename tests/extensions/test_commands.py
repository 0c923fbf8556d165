"""XEP-0050: commands of a host in service discovery."""

from collections.abc import Iterable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.commands import COMMANDS, Command, Commanding, Done, Step
from xmppd.component.extension import Extension
from xmppd.component.requests import condition_of
from xmppd.extensions.commands import Commands
from xmppd.extensions.disco import Disco
from xmppd.protocol.jid import Jid

DISCO = "<iq type='get' id='d' to='example.com'><query xmlns='{}#{}' node='{}'/></iq>"


class Bell:
    node, name = "bell", "Ring the Bell"

    def permits(self, requester: Jid) -> bool:
        return requester.local == "juliet"

    async def begin(self, requester: Jid) -> Step | Done:
        return Done()


class Bells(Commanding, Extension):
    def commands(self) -> Iterable[Command]:
        return [Bell()]


class CommandsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Disco, Commands, Bells])
        self.juliet, self.romeo = self.house.client(), self.house.client("romeo", "orchard")

    def disco(self, client: Any, kind: str, node: str = COMMANDS) -> Any:
        return client.answer(DISCO.format("http://jabber.org/protocol/disco", kind, node))

    def test_feature(self) -> None:
        """2.1."""
        answer = self.disco(self.juliet, "info", "")
        self.assertIn(f"var='{COMMANDS}'".encode(), answer.inner)

    def test_list(self) -> None:
        """2.2: everybody sees what is permitted to them."""
        self.assertIn(
            b"<item jid='example.com' node='bell' name='Ring the Bell'/>",
            self.disco(self.juliet, "items").inner,
        )
        self.assertNotIn(b"<item", self.disco(self.romeo, "items").inner)
        self.assertIn(b"type='command-list'", self.disco(self.juliet, "info").inner)

    def test_info_of_a_command(self) -> None:
        """2.3: an identity and the features; forbidden to others."""
        inner = self.disco(self.juliet, "info", "bell").inner
        self.assertIn(b"category='automation' type='command-node' name='Ring the Bell'", inner)
        for feature in COMMANDS, "jabber:x:data":
            self.assertIn(f"<feature var='{feature}'/>".encode(), inner)
        self.assertEqual(condition_of(self.disco(self.romeo, "info", "bell")), "forbidden")
        self.assertEqual(condition_of(self.disco(self.juliet, "info", "gong")), "item-not-found")

    def test_accounts_have_none(self) -> None:
        request = DISCO.format("http://jabber.org/protocol/disco", "items", COMMANDS)
        answer = self.juliet.answer(request.replace("'example.com'", "'juliet@example.com'"))
        self.assertEqual(condition_of(answer), "item-not-found")

    def test_execution(self) -> None:
        """2.4.1: without interaction it is completed at once."""
        xml = (
            f"<iq type='set' id='e' to='example.com'><command xmlns='{COMMANDS}' node='bell'/></iq>"
        )
        answer = self.juliet.answer(xml)
        self.assertIn(b"status='completed'", answer.inner)
        self.assertIn(b"sessionid='", answer.inner)
        self.assertEqual(condition_of(self.romeo.answer(xml)), "forbidden")
