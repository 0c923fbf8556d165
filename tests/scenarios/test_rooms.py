"""People in rooms, with clients as they use them; in one process and in several."""

import shutil
import time

from tests.scenarios import test_profanity
from tests.scenarios.raw import Closed, RawClient, logged_in
from tests.scenarios.server import (
    DOMAIN,
    ScenarioTestCase,
    Server,
    password_of,
)
from tests.scenarios.terminal import Terminal

SERVICE = f"conference.{DOMAIN}"
ROOM = f"orchard@{SERVICE}"
MUC = "http://jabber.org/protocol/muc"
SETTINGS = f'muc.domain = "{SERVICE}"\n'
STARTING = 30.0
SPLIT = ("xmpp-router", "xmpp-sm", "xmpp-muc", "xmpp-c2s")
INSTANCES = {"xmpp-im": "xmpp-im", "xmpp-sm": "sm-1"}


class RoomsTestCase(ScenarioTestCase):
    """A server with rooms."""

    def rooms(self, *accounts: str) -> Server:
        """Start it with those accounts."""
        server = self.server(*accounts, settings=SETTINGS)
        self.await_rooms(server, *accounts[:1])
        return server

    def await_rooms(self, server: Server, account: str = "juliet") -> None:
        """Wait until the service can be reached."""
        deadline = time.monotonic() + STARTING
        while not self.are_there(server, account):
            if time.monotonic() > deadline:
                raise AssertionError("there are no rooms")
            time.sleep(0.1)

    def are_there(self, server: Server, account: str) -> bool:
        """Whether somebody who logs in reaches the service."""
        ping = f"<iq type='get' id='w' to='{SERVICE}'><ping xmlns='urn:xmpp:ping'/></iq>"
        try:
            with logged_in(server.plain, account) as client:
                client.send(ping)
                return client.read().get("type") == "result"
        except (AssertionError, Closed):  # sessions are not there yet
            return False

    def stop_rooms(self, server: Server) -> None:
        """Have the process that keeps rooms end in good order."""
        server.stop()

    def enter(self, client: RawClient, nick: str) -> list[int]:
        """Enter the room; gives the status codes of one's own presence."""
        client.send(f"<presence to='{ROOM}/{nick}'><x xmlns='{MUC}'/></presence>")
        while True:
            found = client.read()
            codes = [int(each.get("code", 0)) for each in found.iter(f"{{{MUC}#user}}status")]
            if found.get("type") == "error" or 110 in codes:
                return sorted(codes)

    def body(self, client: RawClient) -> str:
        """What the next message that says something says."""
        while True:
            text = client.read().findtext("{jabber:client}body")
            if text:
                return text


class WholeTest(RoomsTestCase):
    keeper: tuple[str, ...] = ()
    copy = "copy.muc"

    def test_slixmpp(self) -> None:
        self.run_clients("slixmpp_rooms")

    def test_slixmpp_archive(self) -> None:
        self.run_clients("slixmpp_room_archive")

    def test_wokkel(self) -> None:
        self.run_clients("wokkel_rooms")

    def run_clients(self, script: str) -> None:
        server = self.rooms("juliet", "romeo")
        passwords = [password_of("juliet"), password_of("romeo")]
        output = self.run_client(
            script, server.starttls, DOMAIN, ROOM, *passwords, trusted=server.certify()
        )
        self.assertTrue(output.rstrip().endswith("all done"), output)

    def test_restart(self) -> None:
        """A room that lasts is there again: its subject, its owner, its ban."""
        server = self.rooms("juliet", "romeo")
        with logged_in(server.plain, "juliet") as juliet:
            self.assertEqual(self.enter(juliet, "juliet"), [110, 201])
            juliet.send(
                f"<iq type='set' id='c' to='{ROOM}'><query xmlns='{MUC}#owner'>"
                "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_persistentroom'>"
                "<value>1</value></field></x></query></iq>"
                f"<message type='groupchat' to='{ROOM}'><subject>Balcony</subject></message>"
                f"<iq type='set' id='b' to='{ROOM}'><query xmlns='{MUC}#admin'>"
                f"<item jid='romeo@{DOMAIN}' affiliation='outcast'/></query></iq>"
            )
            while juliet.read().get("id") != "b":
                pass
            server.kill()
        server.start()
        self.await_rooms(server)
        with logged_in(server.plain, "romeo") as romeo:
            self.assertEqual(self.enter(romeo, "romeo"), [])
        with logged_in(server.plain, "juliet") as juliet:
            self.assertEqual(self.enter(juliet, "juliet"), [110, 170])
            subject = juliet.read().findtext("{jabber:client}subject")
            self.assertEqual(subject, "Balcony")

    def test_stop(self) -> None:
        """Occupants are told that the service ends."""
        server = self.rooms("juliet")
        with logged_in(server.plain, "juliet") as juliet:
            self.enter(juliet, "juliet")
            self.stop_rooms(server)
            found = juliet.read()
            while found.get("type") != "unavailable":
                found = juliet.read()
            codes = [each.get("code") for each in found.iter(f"{{{MUC}#user}}status")]
            self.assertEqual(codes, ["110", "332"])

    def test_control(self) -> None:
        server = self.rooms("juliet", "romeo")
        instance = ["--instance", "muc-1"] if len(self.layout) > 1 else []

        def muc(*words: str) -> str:
            return server.control(*instance, "muc", *words).strip()

        self.assertEqual(
            muc("create", "orchard", f"juliet@{DOMAIN}"),
            f"{ROOM}: made, owned by juliet@{DOMAIN}",
        )
        self.assertIn(ROOM, muc("list"))
        self.assertIn("outcast", muc("affiliation", "orchard", f"romeo@{DOMAIN}", "outcast"))
        with logged_in(server.plain, "romeo") as romeo:
            self.assertEqual(self.enter(romeo, "romeo"), [])
        self.assertEqual(muc("config", "set", "orchard", "moderated", "true"), "moderated = true")
        with logged_in(server.plain, "juliet") as juliet:
            self.assertEqual(self.enter(juliet, "J"), [110, 170])
            self.assertEqual(muc("kick", "orchard", "J", "good night"), f"J is out of {ROOM}")
        self.assertEqual(muc("destroy", ROOM), f"{ROOM}: ended")
        self.assertNotIn(ROOM, muc("list"))

    def test_backup(self) -> None:
        """What is kept of rooms is in a copy too."""
        server = self.rooms("juliet")
        server.control(*self.keeper, "backup", str(server.folder / "copy"))
        self.assertTrue((server.folder / self.copy).stat().st_size)


class SplitTest(WholeTest):
    layout = SPLIT
    keeper = ("--instance", "muc-1")
    copy = "copy"

    def stop_rooms(self, server: Server) -> None:
        server.stop_one("xmpp-muc")


class TerminalTest(RoomsTestCase, test_profanity.ProfanityTest):
    """The same with profanity."""

    if not (shutil.which("profanity") and shutil.which("tmux")):
        skip = "needs profanity and tmux"

    def test_two_people(self) -> None:
        server = self.rooms("juliet", "romeo")
        juliet, romeo = self.log_in(server, "juliet"), self.log_in(server, "romeo")
        juliet.type(f"/join {ROOM} nick juliet")
        juliet.await_text("Room locked")
        juliet.type("/room accept")
        juliet.await_text("Room unlocked")
        romeo.type(f"/join {ROOM} nick romeo")
        self.talk(juliet, romeo)

    def talk(self, juliet: Terminal, romeo: Terminal) -> None:
        juliet.await_text("romeo")
        romeo.type("But soft!")
        juliet.await_text("But soft!")
        juliet.type("/nick capulet")
        romeo.await_text("juliet is now known as capulet")
        juliet.type("/room config")
        juliet.await_text("Use '/form submit'")
        juliet.type("/form submit")
        juliet.await_text("configuration successful")
        juliet.type("/kick romeo enough")
        romeo.await_text("Kicked from", typing="/win 1")
        romeo.type(f"/join {ROOM} nick romeo")
        romeo.await_text("You have joined the room as romeo", typing="/win 2")
        juliet.type(f"/ban romeo@{DOMAIN} enough")
        romeo.await_text("Banned from", typing="/win 1")
