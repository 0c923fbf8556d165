"""Verbs on rooms."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_key import ConfigError
from xmppd.app.ctl_verb import Refused
from xmppd.app.verbs import perform
from xmppd.testing.server import TestServer

SERVICE = "rooms.example.com"
ROOM = f"lobby@{SERVICE}"
JULIET, ROMEO = "juliet@example.com", "romeo@example.com"


class RoomVerbsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = self.serve({"muc": {"domain": SERVICE}})

    def serve(self, config: dict[str, Any]) -> TestServer:
        server = TestServer(config=config)
        self.addCleanup(server.stop)
        return server

    def do(self, verb: str, /, **args: Any) -> Any:
        return self.server.result(perform(self.server.service, verb, args))

    def refused(self, verb: str, /, **args: Any) -> str:
        return str(self.assertRaises(Refused, self.do, verb, **args))

    def test_life_of_a_room(self) -> None:
        made = self.do("muc_create", room="lobby", owner=JULIET)
        self.assertEqual(made, {"room": ROOM, "owner": JULIET})
        [listed] = self.do("muc_list")
        self.assertEqual((listed["room"], listed["occupants"]), (ROOM, 0))
        self.assertEqual(
            self.refused("muc_create", room=ROOM, owner=JULIET), f"{ROOM} exists already"
        )
        self.do("muc_destroy", room="lobby")
        self.assertEqual(self.do("muc_list"), [])
        self.assertEqual(self.refused("muc_destroy", room="lobby"), f"there is no room {ROOM}")

    def test_affiliations(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        told = self.do("muc_affiliation", room="lobby", jid=ROMEO)
        self.assertEqual(told["affiliation"], "none")
        told = self.do("muc_affiliation", room="lobby", jid=ROMEO, affiliation="owner")
        self.assertEqual(told["affiliation"], "owner")
        self.do("muc_affiliation", room="lobby", jid=JULIET, affiliation="none")
        refused = self.refused("muc_affiliation", room="lobby", jid=ROMEO, affiliation="member")
        self.assertIn("conflict", refused)
        refused = self.refused("muc_affiliation", room="lobby", jid=ROMEO, affiliation="king")
        self.assertIn("no affiliation", refused)

    def test_wrong_names(self) -> None:
        self.assertIn("no room of", self.refused("muc_create", room="a@b.test", owner=JULIET))
        self.assertIn("NAME@DOMAIN", self.refused("muc_create", room="a", owner="example.com"))

    def test_no_rooms_here(self) -> None:
        self.server = self.serve({})
        self.assertIn("muc-1", self.refused("muc_list"))

    def test_domain_of_its_own(self) -> None:
        problem = self.assertRaises(ConfigError, self.serve, {"muc": {"domain": "example.com"}})
        self.assertIn("muc.domain: is one of domains", str(problem))
