"""Two servers, of which one speaks with others by a process of its own that may die."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.scenarios.federation.people import Person, play
from tests.scenarios.federation.place import await_true
from tests.scenarios.ports import free_port
from tests.scenarios.server import ScenarioTestCase, Server, listens
from tests.scenarios.test_split_kill import END, Talker, message
from xmppd.protocol.namespaces import STREAM_MANAGEMENT

SPLIT = ("xmpp-router", "xmpp-sm", "xmpp-c2s", "xmpp-s2s")
RATE = 200
"""Messages a second while it is restarted."""
RESTARTS = int(os.environ.get("RESTARTS", "1"))
STATIC = """
[s2s.static."{remote}"]
connect = "127.0.0.1:{there}"
"""
SETTINGS = """
[s2s.limits]
connections_per_address = 1000
[[s2s.listen]]
endpoint = "tcp:{here}:interface=127.0.0.1"
[extensions.registration]
open = true
"""
LINKS = """
[router]
address = "tcp:127.0.0.1:{port}"
secret_file = "{secret}"
[[router.listen]]
endpoint = "tcp:{port}:interface=127.0.0.1"
secret_file = "{secret}"
trusted = true
"""


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Have a process do nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class TwoServers(ScenarioTestCase):
    """One in four processes, and one in a single process; each has an account `romeo`."""

    others: Sequence[str] = ("whole.test",)
    """The domains of the second."""

    def meet(self) -> tuple[Server, Server]:
        """Start one in four processes, and one in a single process."""
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        ports = free_port(), free_port()
        links = LINKS.format(port=free_port(), secret=folder / "secret")
        (folder / "secret").write_text("between processes")
        (folder / "secret").chmod(0o600)
        servers = []
        for domains, remotes, (here, there), more, layout in (
            (["split.test"], self.others, ports, links, SPLIT),
            (self.others, ["split.test"], ports[::-1], "", self.layout),
        ):
            statics = [STATIC.format(remote=remote, there=there) for remote in remotes]
            settings = "".join([*statics, SETTINGS.format(here=here), more])
            server = Server(folder / domains[0], domains, settings, layout=layout)
            self.addCleanup(self._end, server)
            server.start()
            server.add_accounts("romeo", domain=domains[0])
            servers.append(server)
        for server, port in zip(servers, ports, strict=True):
            await_true(partial(listens, port), server.logged)
        return servers[0], servers[1]

    def people(self, *servers: Server) -> list[Person]:
        """Log in on each."""
        people = [Person(server.plain, "romeo", server.domains[0]) for server in servers]
        for person in people:
            self.addCleanup(person.__exit__)
            person.send("<presence/>")
        return people


class ServerEdgeTest(TwoServers):
    def setUp(self) -> None:
        self.heard: list[str] = []

    def test_killed(self) -> None:
        """What waits at the router while the edge is away arrives when it is there again."""
        split, whole = self.meet()
        here, there = self.people(split, whole)
        self.say(here, there, "before")
        split.kill_process("xmpp-s2s")
        for number in range(10):
            here.send(f"<message to='{there.bare}' id='{number}'><body>x</body></message>")
        split.start_process("xmpp-s2s")
        for number in range(10):
            found = there.read_until(lambda each: each.tag.endswith("}message"))
            self.assertEqual(found.get("id"), str(number))
        self.say(here, there, "after")

    def test_restarted(self) -> None:
        """A planned restart under traffic: nothing bounces, nothing is lost, all is in order."""
        split, whole = self.meet()
        here, there = self.people(split, whole)
        self.say(here, there, "before")
        talker = Talker(here, message(there.bare), RATE)
        talker.start()
        for _ in range(RESTARTS):
            self.hear(there, RATE // 4)
            split.stop_one("xmpp-s2s")
            split.start_process("xmpp-s2s")
        self.hear(there, RATE // 4)
        talker.end()
        while self.heard[-1] != END:
            self.hear(there, 1)
        self.assertEqual(self.heard, [*map(str, range(talker.sent)), END])
        self.check_nothing_came_back(here)

    def test_restarted_while_messages_wait_in_it(self) -> None:
        """They go back to the router, and then go out; nothing bounces, and all is in order."""
        split, whole = self.meet()
        here, there = self.people(split, whole)
        with stopped(whole.pid("xmpp-im")):
            for number in range(10):
                here.send(f"<message to='{there.bare}' id='{number}'><body>x</body></message>")
            await_true(lambda: "10" in split.control("s2s", "list").split(), split.logged)
            split.stop_one("xmpp-s2s")
            here.send(f"<message to='{there.bare}' id='10'><body>x</body></message>")
            split.start_process("xmpp-s2s")
        self.hear(there, 11)
        self.assertEqual(self.heard, [str(number) for number in range(11)])

    def test_restarted_while_managed_messages_wait_in_it(self) -> None:
        """The session manager counts them, and sends them again: they come once."""
        split, whole = self.meet()
        here, there = self.people(split, whole)
        here.send(f"<enable xmlns='{STREAM_MANAGEMENT}'/>")
        with stopped(whole.pid("xmpp-im")):
            for number in range(10):
                here.send(f"<message to='{there.bare}' id='{number}'><body>x</body></message>")
            await_true(lambda: "10" in split.control("s2s", "list").split(), split.logged)
            split.stop_one("xmpp-s2s")
            split.start_process("xmpp-s2s")
        self.hear(there, 10)
        for number in (10, 11):
            here.send(f"<message to='{there.bare}' id='{number}'><body>x</body></message>")
            self.hear(there, 1)
        self.assertEqual(self.heard, [str(number) for number in range(12)])
        self.check_nothing_came_back(here)

    def check_nothing_came_back(self, person: Person) -> None:
        person.send("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>")
        answer = person.read_until(lambda each: each.get("type") in ("error", "result"))
        self.assertEqual(answer.get("id"), "done", "nothing has come back")

    def hear(self, person: Person, number: int) -> None:
        """Read so many messages."""
        for _ in range(number):
            found = person.read_until(lambda each: each.tag.endswith("}message"))
            self.heard.append(found.get("id", ""))

    def say(self, sender: Person, recipient: Person, id: str) -> None:
        sender.send(f"<message to='{recipient.bare}' id='{id}'><body>x</body></message>")
        recipient.read_until(lambda each: each.get("id") == id)

    def explained(self, server: Server, other: str) -> str:
        return server.control("route", "explain", f"romeo@{server.domains[0]}", other)

    def test_people(self) -> None:
        split, whole = self.meet()
        people = [Person(server.plain, "romeo", server.domains[0]) for server in (split, whole)]
        for person in people:
            self.addCleanup(person.__exit__)
        play(*people)
        told = split.control("--instance", "s2s-1", "s2s", "list")
        self.assertIn("whole.test", told)
        self.assertIn("dialback", told)
        self.assertIn("proof: dialback", whole.control("s2s", "check", "split.test"))
        self.assertIn("closed", whole.control("s2s", "close", "split.test"))

    def test_reload(self) -> None:
        """A stricter policy ends the streams that do not satisfy it; clients notice nothing."""
        split, whole = self.meet()
        here, there = self.people(split, whole)
        self.assertIn("would connect to 127.0.0.1:", self.explained(split, "whole.test"))
        self.say(here, there, "before")
        self.say(there, here, "before")
        for server, other in ((split, "whole.test"), (whole, "split.test")):
            self.assertRegex(
                self.explained(server, other), rf"\n{other}: .* 127.0.0.1:\d+, TLS.*, dialback"
            )
        told = split.control("reload")
        self.assertNotIn("restart", told)
        self.assertIn("whole.test", split.control("s2s", "list"))
        text = split.config.read_text()
        split.config.write_text(text + '\n[s2s.policy]\n"whole.test" = "certificate"\n')
        split.control("reload")
        self.assertNotIn("dialback", split.control("s2s", "list"))
        here.send(f"<message to='{there.bare}' id='after'><body>x</body></message>")
        answer = here.read_until(lambda each: each.get("id") == "after")
        self.assertEqual(answer.get("type"), "error")
