"""The process that keeps rooms ends, and who was inside talks on when it is there again."""

from __future__ import annotations

from typing import ClassVar
from xml.etree.ElementTree import Element

from tests.scenarios.raw import SASL, RawClient, told
from tests.scenarios.server import Server
from tests.scenarios.test_rooms import MUC, ROOM, SERVICE, SPLIT, RoomsTestCase

READMITTING = f"""[muc]
domain = "{SERVICE}"
after_restart = "readmit"
[muc.defaults]
persistent = true
"""


class WholeTest(RoomsTestCase):
    """In one process all streams end too: clients bind the same addresses, and are inside."""

    gone: ClassVar[list[str]] = ["333"]
    """What others are told of who has gone while there was nobody to hear of it."""

    def test_restarts(self) -> None:
        server = self.server("juliet", "romeo", "paris", settings=READMITTING)
        self.await_rooms(server)
        clients = {name: self.come(server, name) for name in ("juliet", "romeo", "paris")}
        self.open_room(clients)
        self.stop_rooms(server)
        clients = self.start_again(server, clients)
        for speaker in clients:
            self.check_talk(clients, speaker)
        self.kill_rooms(server)
        clients.pop("paris").close()
        clients = self.start_again(server, clients)
        self.check_removed(clients["juliet"], "paris")
        for speaker in clients:
            self.check_talk(clients, speaker)
        self.check_talk(clients, "romeo")
        for client in clients.values():
            client.close()

    def come(self, server: Server, name: str) -> RawClient:
        """Log in, always with the same address."""
        client = RawClient(server.plain).open()
        self.assertEqual(client.plain(name).tag, f"{{{SASL}}}success")
        return client.bind("garden")

    def open_room(self, clients: dict[str, RawClient]) -> None:
        """Have juliet make the room, and all come in."""
        self.enter(clients["juliet"], "juliet")
        clients["juliet"].send(
            f"<iq type='set' id='c' to='{ROOM}'><query xmlns='{MUC}#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>"
        )
        answer = clients["juliet"].read_until(lambda found: found.get("id") == "c")
        self.assertEqual(answer.get("type"), "result", told(answer))
        for name in ("romeo", "paris"):
            self.assertEqual(self.enter(clients[name], name), [110, 170])

    def kill_rooms(self, server: Server) -> None:
        """Have the process that keeps rooms end at once."""
        server.kill()

    def start_again(self, server: Server, clients: dict[str, RawClient]) -> dict[str, RawClient]:
        """Start what has ended; gives the clients, who do not enter the room."""
        server.start()
        self.await_rooms(server)
        return {name: self.come(server, name) for name in clients}

    def check_talk(self, clients: dict[str, RawClient], speaker: str) -> None:
        """Who says something without having entered anew is heard, also by themselves."""
        text = f"{speaker} is here"
        said = f"<message type='groupchat' to='{ROOM}'><body>{text}</body></message>"
        clients[speaker].send(said)
        for client in clients.values():
            found = client.read_until(lambda found: found.find("{jabber:client}body") is not None)
            self.assertEqual(found.findtext("{jabber:client}body"), text)
            self.assertEqual(found.get("from"), f"{ROOM}/{speaker}", told(found))

    def check_removed(self, client: RawClient, nick: str) -> None:
        """Somebody hears that another is no longer there."""

        def is_farewell(found: Element) -> bool:
            """Nobody has been told of themselves that they are out."""
            own = [each.get("code") for each in found.iter(f"{{{MUC}#user}}status")]
            self.assertFalse({"110", "332"}.issubset(own), told(found))
            return found.get("type") == "unavailable"

        left = client.read_until(is_farewell)
        self.assertEqual(left.get("from"), f"{ROOM}/{nick}")
        codes = [each.get("code") for each in left.iter(f"{{{MUC}#user}}status")]
        self.assertEqual(codes, self.gone)


class SplitTest(WholeTest):
    """Streams last: only the process that keeps rooms ends."""

    layout = SPLIT
    gone: ClassVar[list[str]] = []  # it has waited in the router

    def stop_rooms(self, server: Server) -> None:
        server.stop_one("xmpp-muc")

    def kill_rooms(self, server: Server) -> None:
        server.kill_process("xmpp-muc")

    def start_again(self, server: Server, clients: dict[str, RawClient]) -> dict[str, RawClient]:
        server.start_process("xmpp-muc")
        self.await_rooms(server)
        return clients
