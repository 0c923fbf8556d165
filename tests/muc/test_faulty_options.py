"""What an option does not spoil that fails."""

from typing import Any

from twisted.internet.defer import Deferred

from tests.muc.kit import ROOM, RoomsTestCase, error, form
from xmppd.chat.commands import Say
from xmppd.chat.events import Outside
from xmppd.chat.model import Affiliation
from xmppd.chat.option import Field, Option, check, note
from xmppd.chat.room import Room
from xmppd.muc import names
from xmppd.testing.server import TestServer

HAG = "hag@example.com"


class Faulty(Option):
    """Fails wherever it is told to."""

    name = "faulty"
    fields = (Field("fault", str, "", "Where it fails"),)

    def _fail(self, config: Any, where: str) -> None:
        if config["fault"] == where:
            raise RuntimeError(where)

    @check(Say)
    def ask(self, room: Any, say: Any) -> None:
        self._fail(room.config, "check")

    @note(Outside)
    def tell(self, room: Any, event: Any, out: Any) -> None:
        self._fail(room.config, "note")

    def moves(self, config: Any) -> Any:
        self._fail(config, "moves")
        return {}

    def wake_at(self, room: Any) -> float | None:
        self._fail(room.config, "wake")
        return 1.0 if room.config["fault"] == "tick" else None

    def tick(self, room: Any, out: Any) -> None:
        self._fail(room.config, "tick")


class FaultyOptionsTest(RoomsTestCase):
    settings = {"unload_seconds": 60}  # noqa: RUF012

    def make_server(self, accounts: dict[str, str], config: dict[str, Any]) -> TestServer:
        return TestServer(self.domains, accounts, config, room_options=[Faulty])

    def make_faulty(self, where: str) -> None:
        self.make({"persistentroom": 1, "{urn:xmppd:rooms:0}fault": where}, (self.macbeth, "mac"))

    def failures(self) -> int:
        return len(self.flushLoggedErrors(RuntimeError))

    def test_check(self) -> None:
        """Who asked has an error, and nothing has happened."""
        self.make_faulty("check")
        self.say(self.macbeth, "Double, double")
        self.assertEqual(error(self.only(self.macbeth)), ("cancel", "internal-server-error"))
        self.assertEqual((self.crone.received(), self.failures()), ([], 1))

    def test_note(self) -> None:
        """What has happened is kept and told all the same."""
        self.make_faulty("note")
        item = f"<item jid='{HAG}' affiliation='outcast'/>"
        self.assertEqual(self.admin(item).type, "result")
        self.assertEqual(self.failures(), 1)
        [told] = self.crone.received()
        self.assertIn(HAG.encode(), told.inner)
        self.die()
        self.assertEqual(self.loaded().affiliation(HAG), Affiliation.OUTCAST)

    def loaded(self) -> Room:
        """The room as it is stored."""
        found = self.server.result(Deferred.fromCoroutine(self.rooms.find("cave")))
        assert found is not None
        return found.room

    def test_moves(self) -> None:
        """A configuration with which it fails is refused, and the room is as it was."""
        self.make_faulty("")
        answer = self.configure({"{urn:xmppd:rooms:0}fault": "moves", "roomname": "Cave"})
        self.assertEqual(error(answer), ("cancel", "internal-server-error"))
        self.assertEqual(self.failures(), 1)
        self.assertEqual(self.configure({"moderatedroom": 1}).type, "result")
        self.die()
        config = self.loaded().config
        self.assertEqual((config["fault"], config["name"], config["moderated"]), ("", "", True))

    def check_others(self, where: str) -> None:
        """Other rooms leave the memory, and this one is looked at again and again."""
        self.make_faulty(where)
        den = ROOM.replace("cave", "den")
        self.enter(self.hag, "hag", room=den)
        submitted = form("submit", names.ROOM_CONFIG, {"muc#roomconfig_persistentroom": 1})
        query = f"<query xmlns='{names.MUC_OWNER}'>{submitted}</query>"
        self.hag.ask(f"<iq type='set' id='den' to='{den}'>{query}</iq>")
        self.hag.send(f"<presence type='unavailable' to='{den}/hag'/>")
        self.server.advance(181)
        self.assertEqual(list(self.rooms.live), ["cave"])
        self.assertEqual(self.failures(), 3)

    def test_wake_at(self) -> None:
        self.check_others("wake")

    def test_tick(self) -> None:
        self.check_others("tick")
