"""Components of others connect to the server, and its users talk to them (XEP-0114)."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree.ElementTree import Element

from tests.scenarios.ports import LOOPBACK, free_port
from tests.scenarios.raw import CLIENT, RawClient, logged_in, told
from tests.scenarios.server import DOMAIN, ROOT, ScenarioTestCase, environment

SECRET = "the secret of components"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
COMMANDS = "http://jabber.org/protocol/commands"
VERSION = "jabber:iq:version"
NOON = "2026-11-30T12:00:00Z"
PUBSUB = "http://jabber.org/protocol/pubsub"
SCRIPTS = Path(__file__).with_name("clients")
EXAMPLES = ROOT / "docs" / "examples"
CONNECTING = 60.0
BIBOUMI = """hostname={domain}
password={secret}
xmpp_server_ip={host}
port={port}
db_name={folder}/biboumi.sqlite
policy_directory={folder}
log_file={folder}/biboumi.log
log_level=0
"""


class ComponentsTestCase(ScenarioTestCase):
    """A server where components may connect, and romeo logged in."""

    name = f"component.{DOMAIN}"

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).resolve()
        self.folder.mkdir()
        self.secret_file = self.folder / "secret"
        self.secret_file.write_text(SECRET)
        self.secret_file.chmod(0o600)
        self.port = free_port()
        place = f'"tcp:{self.port}:interface={LOOPBACK}"'
        listen = f'[[router.listen]]\nendpoint = {place}\nsecret_file = "{self.secret_file}"'
        self.host = self.server("romeo", settings=listen)
        self.romeo: RawClient = logged_in(self.host.plain, "romeo")
        self.addCleanup(self.romeo.__exit__)

    def run_component(self, *words: object) -> None:
        """Start a component's process, and wait until the router has a route to it."""
        output = (self.folder / "component.log").open("wb")
        self.process = subprocess.Popen(
            [*map(str, words)],
            env=environment(HOME=str(self.folder)),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        output.close()
        self.addCleanup(self._end_component)
        self.await_component()

    def await_component(self) -> None:
        """Wait until the router has a route to the component."""
        deadline = time.monotonic() + CONNECTING
        while "remote-server-not-found" in told(self.ask(f"<query xmlns='{DISCO_INFO}'/>")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"it does not connect:\n{self.said()}\n{self.host.logged()}")
            time.sleep(0.05)

    def run_example(self, name: str) -> None:
        """Start an example of the documentation that dials a router."""
        place = f"tcp:{LOOPBACK}:{self.port}"
        script = EXAMPLES / f"{name}.py"
        self.run_component(sys.executable, script, place, self.name, self.secret_file)

    def _end_component(self) -> None:
        self.process.terminate()
        self.process.wait(CONNECTING)
        self.assertNotIn("Traceback", self.said())

    def said(self) -> str:
        """The component's output."""
        return (self.folder / "component.log").read_text("utf-8", "replace")

    def ask(self, payload: str, type: str = "get", to: str = "") -> Element:
        """Ask the component; return its answer."""
        self.romeo.send(f"<iq type='{type}' id='q' to='{to or self.name}'>{payload}</iq>")
        return self.romeo.read_until(lambda element: element.get("id") == "q")

    def features(self) -> set[str]:
        """What the component can do, as it says."""
        answer = self.ask(f"<query xmlns='{DISCO_INFO}'/>")
        self.assertEqual(answer.get("type"), "result", told(answer))
        return {each.get("var", "") for each in answer.iter(f"{{{DISCO_INFO}}}feature")}

    def echo(self, body: str, to: str = "") -> str:
        """Say something to the component; return what it says."""
        to = to or self.name
        self.romeo.send(f"<message type='chat' to='{to}'><body>{body}</body></message>")
        answer = self.romeo.read_until(lambda element: element.tag.endswith("}message"))
        self.assertEqual(answer.get("from"), to, told(answer))
        return answer.findtext(f"{{{CLIENT}}}body", "")


class SlixmppTest(ComponentsTestCase):
    def test_echo_bot(self) -> None:
        self.run_component(
            sys.executable, SCRIPTS / "slixmpp_echo.py", self.port, self.name, SECRET
        )
        self.assertEqual(self.echo("hello \u2764"), "Thanks for sending:\nhello \u2764")
        self.assertEqual(self.echo("1", f"x@{self.name}/y"), "Thanks for sending:\n1")
        self.assertIn("urn:xmpp:ping", self.features())


class WokkelTest(ComponentsTestCase):
    def test_its_own_component(self) -> None:
        """XEP-0060, 6.1 and 7.1."""
        self.run_component(
            sys.executable, SCRIPTS / "wokkel_board.py", self.port, self.name, SECRET
        )
        self.check_board()

    def test_on_our_link(self) -> None:
        """The same service by our adapter and a dialed link."""
        self.run_example("wokkel_pubsub")
        self.check_board()

    def test_server_starts_anew(self) -> None:
        """The link is dialed again, and handlers go on with another stream."""
        self.run_example("wokkel_pubsub")
        self.host.stop()
        self.host.start()
        self.romeo = logged_in(self.host.plain, "romeo")
        self.addCleanup(self.romeo.__exit__)
        self.await_component()
        self.check_board()

    def check_board(self) -> None:
        self.assertLessEqual({"urn:xmpp:ping", DISCO_ITEMS}, self.features())
        subscribe = f"<subscribe node='news' jid='{self.romeo.jid}'/>"
        answer = self.ask(f"<pubsub xmlns='{PUBSUB}'>{subscribe}</pubsub>", "set")
        self.assertIn("subscribed", told(answer))
        item = "<item id='1'><x xmlns='urn:x'>news</x></item>"
        publish = f"<pubsub xmlns='{PUBSUB}'><publish node='news'>{item}</publish></pubsub>"
        self.romeo.send(f"<iq type='set' id='p' to='{self.name}'>{publish}</iq>")
        got = {element.tag.partition("}")[2]: element for element in self.read(2)}
        self.assertEqual(got["iq"].get("type"), "result")
        self.assertEqual(got["message"].findtext(".//{urn:x}x"), "news")
        unknown = self.ask("<query xmlns='urn:example:unknown'/>")
        self.assertIn("service-unavailable", told(unknown))

    def read(self, number: int) -> list[Element]:
        return [self.romeo.read() for _ in range(number)]


class GreeterTest(ComponentsTestCase):
    """The example of a component of one's own on the wire."""

    def test_greeter(self) -> None:
        self.run_example("component_on_the_wire")
        self.assertLessEqual({VERSION, DISCO_INFO, "urn:xmpp:ping"}, self.features())
        answer = self.ask(f"<query xmlns='{VERSION}'/>", to=f"x@{self.name}")
        self.assertEqual(answer.findtext(f".//{{{VERSION}}}name"), "Greeter")
        refused = self.greeting("<error type='cancel'/>", "error")
        self.assertEqual(refused, "Hello! What time is it?")
        answered = self.greeting(f"<time xmlns='urn:xmpp:time'><utc>{NOON}</utc></time>", "result")
        self.assertEqual(answered, f"Hello! It is {NOON}, you say.")

    def greeting(self, its_time: str, type: str) -> str:
        """Greet, and answer what the component asks for."""
        self.romeo.send(f"<message to='{self.name}'><body>hi</body></message>")
        asked = self.romeo.read()
        self.assertEqual((asked.get("type"), asked.get("from")), ("get", self.name), told(asked))
        id = asked.get("id")
        self.romeo.send(f"<iq type='{type}' id='{id}' to='{self.name}'>{its_time}</iq>")
        return self.romeo.read().findtext(f"{{{CLIENT}}}body", "")


class BiboumiTest(ComponentsTestCase):
    if not shutil.which("biboumi"):
        skip = "needs biboumi"

    def test_discovery_and_commands(self) -> None:
        """XEP-0030 and XEP-0050, as the gateway answers them without an IRC server."""
        config = self.folder / "biboumi.cfg"
        settings = {"domain": self.name, "secret": SECRET, "host": LOOPBACK, "port": self.port}
        config.write_text(BIBOUMI.format(folder=self.folder, **settings))
        self.run_component("biboumi", config)
        self.assertLessEqual({DISCO_INFO, COMMANDS}, self.features())
        commands = self.ask(f"<query xmlns='{DISCO_ITEMS}' node='{COMMANDS}'/>")
        nodes = {each.get("node") for each in commands.iter(f"{{{DISCO_ITEMS}}}item")}
        self.assertLessEqual({"ping", "hello"}, nodes)
        pong = self.ask(f"<command xmlns='{COMMANDS}' node='ping' action='execute'/>", "set")
        self.assertEqual(pong.findtext(f".//{{{COMMANDS}}}note"), "Pong")
