"""Options of rooms: which there are by configuration, and one of somebody's own from end to end."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.muc.kit import ROOM, SERVICE, RoomsTestCase, error
from xmppd.app.config_key import ConfigError
from xmppd.app.ctl.verbs import perform
from xmppd.app.room_options import room_options
from xmppd.chat.commands import Enter, SetTopic
from xmppd.chat.model import Affiliation, Role
from xmppd.chat.option import Field, Option, check
from xmppd.chat.options.builtin import BUILTIN
from xmppd.chat.outcome import Reason, Refusal
from xmppd.chat.rights import Need, Right
from xmppd.chat.room import Room
from xmppd.component.discovery import DISCO_INFO
from xmppd.muc import names
from xmppd.protocol.forms import FieldType, Form
from xmppd.testing.server import TestServer
from xmppd.testing.settings import DOMAINS, memory_config


class Short(Option):
    """Nicks have so many characters at most, and mottos are told."""

    name = "short"
    fields = (
        Field("longest_nick", int, 0, "Longest nick; 0: any", most=64),
        Field("house_motto", str, "", "Motto", longest=30),
        Field("rules", tuple, (), "Rules of the house", most=3, longest=30),
        Field("door", str, "ajar", "The door", {"ajar": "Ajar", "shut": "Shut"}),
        Field("word", str, "", "The word", private=True),
        Field("visitors_topic", bool, False, "Visitors may set the subject"),
    )

    @check(Enter)
    def measure(self, room: Room, enter: Enter) -> None:
        if 0 < room.config["longest_nick"] < len(enter.nick):
            raise Refusal(Reason.BAD_NICK, "too long")

    @check(Enter, SetTopic)
    def look(self, room: Room, command: Enter | SetTopic) -> None:
        if room.config["door"] == "shut" and command.person not in room.sessions:
            raise Refusal(Reason.FULL)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        if not config["visitors_topic"]:
            return {}
        return {Right.SET_TOPIC: Role.VISITOR, Right.HAVE_VOICE: Affiliation.MEMBER}

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"house_motto": config["house_motto"], "longest_nick": config["longest_nick"]}


def own(name: str) -> str:
    return f"{{{names.EXTRA}}}{name}"


class OwnOptionTest(RoomsTestCase):
    settings = {"defaults": {"longest_nick": 12, "persistent": True}}  # noqa: RUF012

    def make_server(self, accounts: dict[str, str], config: dict[str, Any]) -> TestServer:
        return TestServer(accounts=accounts, config=config, room_options=[Short])

    def form(self) -> Form:
        query = self.owner("", type="get").payload()
        assert query is not None
        return Form.parse(next(query.elements()))

    def do(self, verb: str, **given: Any) -> Any:
        return self.server.result(perform(self.server.service, verb, given))

    def test_form(self) -> None:
        """Each field is there with its label and type, and the value of the configuration."""
        self.make()
        form = self.form()
        for var, kind, label, values in (
            ("longestnick", FieldType.TEXT_SINGLE, "Longest nick; 0: any", ("12",)),
            ("housemotto", FieldType.TEXT_SINGLE, "Motto", ("",)),
            ("rules", FieldType.TEXT_MULTI, "Rules of the house", ()),
            ("door", FieldType.LIST_SINGLE, "The door", ("ajar",)),
            ("word", FieldType.TEXT_PRIVATE, "The word", ("",)),
            ("visitorstopic", FieldType.BOOLEAN, "Visitors may set the subject", ("0",)),
        ):
            field = form.field(own(var))
            assert field is not None, var
            self.assertEqual((field.type, field.label, field.values), (kind, label, values))
        door = form.field(own("door"))
        assert door is not None
        first, _ = door.options
        self.assertEqual((first.value, first.label), ("ajar", "Ajar"))

    def test_it_is_stored(self) -> None:
        """A room has it again when it has left the memory, and is refused what it cannot be."""
        self.make({own("longestnick"): 5, own("rules"): ["No rain", "No thunder"]})
        self.crone.send(f"<presence type='unavailable' to='{ROOM}/crone'/>")
        rooms = self.server.service.rooms
        rooms.unload(rooms.live["cave"])
        self.enter(self.crone, "crone")
        config = rooms.live["cave"].room.config
        self.assertEqual(config["longest_nick"], 5)
        self.assertEqual(config["rules"], ("No rain", "No thunder"))
        for name, value in (("longestnick", 65), ("longestnick", "x"), ("door", "gone")):
            answer = self.configure({own(name): value})
            self.assertEqual(error(answer), ("modify", "not-acceptable"), name)

    def test_checks_and_moves(self) -> None:
        self.make()
        [refused] = self.enter(self.hag, "a very long nick")
        self.assertEqual(error(refused), ("modify", "jid-malformed"))
        self.enter(self.hag, "hag")
        subject = f"<message type='groupchat' to='{ROOM}'><subject>Spells</subject></message>"
        self.hag.send(subject)
        self.assertEqual(error(self.hag.received()[0]), ("auth", "forbidden"))
        self.configure({own("visitorstopic"): 1})
        self.forget()
        self.hag.send(subject)
        self.assertEqual(self.only(self.hag).type, "groupchat")
        self.configure({own("door"): "shut"})
        [refused] = self.enter(self.macbeth, "mac")
        self.assertEqual(error(refused), ("wait", "service-unavailable"))

    def test_what_is_told_of_a_room(self) -> None:
        """Its values, and what follows from the rights that it moves."""
        self.make({own("housemotto"): "Toil", own("visitorstopic"): 1})
        info = self.hag.ask(f"<iq type='get' id='d' to='{ROOM}'><query xmlns='{DISCO_INFO}'/></iq>")
        query = info.payload()
        assert query is not None
        [x] = [child for child in query.elements() if child.name == "x"]
        told = {field.var: field.values for field in Form.parse(x).fields}
        self.assertEqual(told[own("housemotto")], ("Toil",))
        self.assertEqual(told[own("longestnick")], ("12",))
        self.assertIn(b"'muc_moderated'", info.inner)

    def test_xmppctl(self) -> None:
        self.make()
        self.do("muc_config_set", room="cave", option="house_motto", value="Trouble")
        self.assertEqual(
            self.do("muc_config_get", room="cave", option="house_motto"), {"house_motto": "Trouble"}
        )


class SwitchedOffTest(RoomsTestCase):
    settings = {  # noqa: RUF012
        "options": {"feed": False, "whispers": False}
    }

    def test_rooms_do_not_have_it(self) -> None:
        self.make({"pubsub": "xmpp:p?;node=n", "allowpm": "none"}, (self.hag, "hag"))
        form = self.owner("", type="get").inner
        self.assertNotIn(b"roomconfig_pubsub", form)
        self.assertIn(b"roomconfig_maxusers", form)
        self.hag.send(f"<message type='chat' to='{ROOM}/crone'><body>psst</body></message>")
        self.assertEqual(self.bodies(self.crone.received()), ["psst"])


class AllOffTest(RoomsTestCase):
    """Rooms work with none but those that every room has."""

    settings = {  # noqa: RUF012
        "options": {option.title(): False for option in BUILTIN}
    }

    def test_room(self) -> None:
        self.make({"membersonly": 0}, (self.hag, "hag"))
        self.say(self.hag, "hail")
        self.assertEqual(self.bodies(self.crone.received()), ["hail"])
        info = self.hag.ask(f"<iq type='get' id='d' to='{ROOM}'><query xmlns='{DISCO_INFO}'/></iq>")
        self.assertEqual(info.type, "result")
        self.assertEqual(self.configure({"moderatedroom": 1, "whois": "anyone"}).type, "result")


class ConfigurationTest(SynchronousTestCase):
    def refused(self, *options: type[Option], **muc: Any) -> str:
        config = memory_config(DOMAINS, {"muc": {"domain": SERVICE, **muc}})
        return str(self.assertRaises(ConfigError, room_options, config, options))

    def test_one_line_says_what_is_wrong(self) -> None:
        for muc, words in (
            ({"options": {"fed": True}}, "muc.options.fed: no such option (did you mean feed?)"),
            ({"options": {"password": False}}, "muc.options.password: every room has this one"),
            ({"defaults": {"hiden": True}}, "muc.defaults.hiden: unknown key (did you mean hidden"),
            ({"defaults": {"history": 501}}, "a whole number up to 500 (got 501)"),
            ({"defaults": {"history": True}}, "muc.defaults.history: must be a whole number"),
            ({"defaults": {"identities": "all"}}, "must be one of: moderators, everyone"),
            ({"defaults": {"broadcast": ["king"]}}, "must be up to 3 of: moderator"),
            ({"defaults": {"contacts": [1]}}, "must be up to 20 texts, each"),
            ({"options": {"feed": False}, "defaults": {"feed": "x"}}, "muc.defaults.feed: unknown"),
        ):
            with self.subTest(muc=muc):
                problem = self.refused(**muc)
                self.assertIn(words, problem)
                self.assertNotIn("\n", problem)

    def test_two_of_one_field(self) -> None:
        class Other(Option):
            name = "other"
            fields = (Field("history", int, 0, "Another"),)

        self.assertIn("two options have a field history", self.refused(Other))

    def test_lists_of_the_file(self) -> None:
        muc = {"domain": SERVICE, "defaults": {"broadcast": ["moderator"]}}
        options = room_options(memory_config(DOMAINS, {"muc": muc}))
        self.assertEqual(options.defaults["broadcast"], ("moderator",))

    def test_entry_point(self) -> None:
        """An installed one is there where it is named."""
        place = Path(self.mktemp())
        info = place / "mine-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[xmppd.chat_options]\nquiet = quiet_rooms:Quiet\n")
        (place / "quiet_rooms.py").write_text(
            "from xmppd.chat.option import Field, Option\n"
            "class Quiet(Option):\n"
            "    name = 'quiet'\n"
            "    fields = (Field('quiet', bool, False, 'Quiet'),)\n"
        )
        code = (
            "import sys\n"
            f"sys.path.insert(0, {str(place)!r})\n"
            "from xmppd.app.room_options import room_options\n"
            "from xmppd.testing.settings import DOMAINS, memory_config\n"
            "for options in {}, {'quiet': False}, {'quiet': True}:\n"
            "    config = memory_config(DOMAINS, {'muc': {'options': options}})\n"
            "    print('quiet' in room_options(config).fields)\n"
        )
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual((told.stdout.split(), told.stderr), (["False", "False", "True"], ""))
