"""Verbs on rooms."""

from typing import Any

from twisted.internet.defer import fail
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_key import ConfigError
from xmppd.app.ctl.text import readable
from xmppd.app.ctl.verb import Refused
from xmppd.app.ctl.verbs import perform
from xmppd.storage.interfaces import Full, Unavailable
from xmppd.testing.server import TestServer

MUC = "http://jabber.org/protocol/muc"
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

    def test_room_that_cannot_be_read(self) -> None:
        """It is said in one line."""
        self.do("muc_create", room="lobby", owner=JULIET)
        rooms = self.server.service.rooms
        rooms.unload(rooms.live["lobby"])

        async def unreadable(local: str) -> None:
            raise Unavailable("room")

        rooms.store.load = unreadable
        self.assertIn("cannot be read", self.refused("muc_occupants", room="lobby"))
        self.assertEqual(len(self.flushLoggedErrors(Unavailable)), 1)

    def test_change_that_cannot_be_kept(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        rooms = self.server.service.rooms
        rooms.live["lobby"]._store.keep = lambda *_: fail(Full("room"))
        refused = self.refused("muc_affiliation", room="lobby", jid=ROMEO, affiliation="member")
        self.assertIn("resource-constraint", refused)
        self.assertEqual(len(self.flushLoggedErrors(Full)), 1)

    def test_affiliations(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        told = self.do("muc_affiliation", room="lobby", jid=ROMEO)
        self.assertEqual(told["affiliation"], "none")
        told = self.do("muc_affiliation", room="lobby", jid=ROMEO, affiliation="owner")
        self.assertEqual(told["affiliation"], "owner")
        self.do("muc_affiliation", room="lobby", jid=JULIET, affiliation="none")
        refused = self.refused("muc_affiliation", room="lobby", jid=ROMEO, affiliation="member")
        self.assertEqual(refused, f"{ROMEO} is the only owner of {ROOM}")
        refused = self.refused("muc_affiliation", room="lobby", jid=ROMEO, affiliation="king")
        self.assertIn("no affiliation", refused)

    def test_ban_of_a_domain(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        told = self.do("muc_affiliation", room="lobby", jid="evil.test", affiliation="outcast")
        self.assertEqual((told["jid"], told["affiliation"]), ("evil.test", "outcast"))
        told = self.do("muc_affiliation", room="lobby", jid="anyone@evil.test")
        self.assertEqual(told["affiliation"], "outcast")
        refused = self.refused("muc_affiliation", room="lobby", jid="a.test", affiliation="owner")
        self.assertIn("only be banned", refused)
        refused = self.refused("muc_affiliation", room="lobby", jid="a.test/x")
        self.assertIn("NAME@DOMAIN or DOMAIN", refused)

    def test_list_of_affiliations(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        self.do("muc_affiliation", room="lobby", jid=ROMEO, affiliation="outcast")
        self.assertEqual(
            [(each["jid"], each["affiliation"]) for each in self.do("muc_affiliations", room=ROOM)],
            [(JULIET, "owner"), (ROMEO, "outcast")],
        )

    def test_occupants(self) -> None:
        self.server = TestServer(accounts={"romeo": "secret"}, config={"muc": {"domain": SERVICE}})
        self.addCleanup(self.server.stop)
        self.do("muc_create", room="lobby", owner=JULIET)
        romeo = self.server.client("romeo", "orchard")
        romeo.send(f"<presence to='{ROOM}/R'><x xmlns='{MUC}'/></presence>")
        [found] = self.do("muc_occupants", room="lobby")
        self.assertEqual(
            found,
            {
                "nick": "R",
                "jid": f"{ROMEO}/orchard",
                "affiliation": "none",
                "role": "participant",
            },
        )
        romeo.received()
        self.do("muc_kick", room="lobby", nick="R", reason="enough")
        [gone] = romeo.received()
        self.assertIn(b"<reason>enough</reason>", gone.inner)
        self.assertIn(b"code='307'", gone.inner)
        self.assertEqual(self.do("muc_occupants", room="lobby"), [])
        self.assertEqual(
            self.refused("muc_kick", room="lobby", nick="R"), f'nobody in {ROOM} has the nick "R"'
        )

    def test_configuration(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        config = self.do("muc_config_get", room="lobby")
        self.assertEqual((config["persistent"], config["moderated"]), (True, False))
        for option, text, value in (
            ("moderated", "true", True),
            ("history", "7", 7),
            ("name", "The Lobby", "The Lobby"),
            ("identities", "everyone", "everyone"),
            ("contacts", f"{JULIET}, {ROMEO}", (JULIET, ROMEO)),
        ):
            self.assertEqual(
                self.do("muc_config_set", room="lobby", option=option, value=text)[option], value
            )
            found = self.do("muc_config_get", room="lobby", option=option)
            self.assertEqual(found, {option: value})
        self.assertEqual(self.do("muc_list")[0]["name"], "The Lobby")
        for option, text in (("moderated", "perhaps"), ("history", "x"), ("identities", "nobody")):
            refused = self.refused("muc_config_set", room="lobby", option=option, value=text)
            self.assertIn(f"{option} cannot be that", refused)
        refused = self.refused("muc_config_set", room="lobby", option="moderate", value="true")
        self.assertIn("did you mean moderated?", refused)

    def test_as_people_read_it(self) -> None:
        self.do("muc_create", room="lobby", owner=JULIET)
        lines = readable("muc_config_get", self.do("muc_config_get", room="lobby")).splitlines()
        self.assertIn("persistent = true", lines)
        self.assertIn("contacts = ", lines)
        [_, line] = readable(
            "muc_affiliations", self.do("muc_affiliations", room="lobby")
        ).splitlines()
        self.assertEqual(line.split(), [JULIET, "owner", "-", "-"])
        occupants = readable("muc_occupants", self.do("muc_occupants", room="lobby"))
        self.assertEqual(occupants.split(), ["NICK", "JID", "AFFILIATION", "ROLE"])

    def test_name_that_is_no_address(self) -> None:
        """XEP-0106."""
        made = self.do("muc_create", room="the lobby", owner=JULIET)
        self.assertEqual(made["room"], f"the\\20lobby@{SERVICE}")
        self.do("muc_destroy", room="the lobby")
        self.assertIn("space", self.refused("muc_create", room=" lobby", owner=JULIET))

    def test_wrong_names(self) -> None:
        self.assertIn("no room of", self.refused("muc_create", room="a@b.test", owner=JULIET))
        self.assertIn("NAME@DOMAIN", self.refused("muc_create", room="a", owner="example.com"))

    def test_no_rooms_here(self) -> None:
        self.server = self.serve({})
        self.assertIn("muc-1", self.refused("muc_list"))

    def test_domain_of_its_own(self) -> None:
        problem = self.assertRaises(ConfigError, self.serve, {"muc": {"domain": "example.com"}})
        self.assertIn("muc.domain: is one of domains", str(problem))
