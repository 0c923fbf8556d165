"""Two processes for other servers: each has its pairs of domains, until one of them dies.

`S2S_DOMAINS=100 python -m twisted.trial tests.scenarios.test_server_edges` takes more of them.
"""

import json
import os
import subprocess

from tests.scenarios.federation.people import PING, Person
from tests.scenarios.federation.place import await_true
from tests.scenarios.ports import free_port
from tests.scenarios.server import STOPPING, TWISTD, Server, environment
from tests.scenarios.test_server_edge import RATE, TwoServers
from tests.scenarios.test_split_kill import END, Talker, message

DOMAINS = [f"d{number}.test" for number in range(int(os.environ.get("S2S_DOMAINS", "30")))]


class ServerEdgesTest(TwoServers):
    others = DOMAINS

    def test_many_domains(self) -> None:
        split, whole = self.meet()
        second = self.start_second(split)
        (person,) = self.people(split)
        self.reach_all(person)
        first = self.map(split)
        self.assertCountEqual([*first["s2s-1"], *first["s2s-2"]], DOMAINS)
        self.assertTrue(all(len(domains) > len(DOMAINS) / 5 for domains in first.values()), first)
        self.reach_all(person)
        self.assertEqual(self.map(split), first)
        second.kill()  # of which the other server does not know: keys are asked about at the first
        await_true(lambda: "link s2s-2 is down" in split.logged(), split.logged)
        self.reach_all(person)
        last = self.map(split, "s2s-1")["s2s-1"]
        self.assertCountEqual(last, DOMAINS)
        over = [
            line
            for line in whole.logged().splitlines()
            if "stream with split.test" in line and "is over" in line
        ]
        self.assertEqual(len(over), len(first["s2s-2"]), "the others stay")

    def test_one_ends_in_good_order(self) -> None:
        """The other one goes on with its pairs: nothing is lost or comes back, all is in order."""
        split, whole = self.meet()
        second = self.start_second(split)
        here, there = self.people(split, whole)
        talker = Talker(here, message(there.bare), RATE)
        talker.start()
        heard = [self.next_id(there) for _ in range(RATE // 4)]
        if there.domain in self.map(split)["s2s-2"]:
            second.terminate()
            second.wait(STOPPING)
        else:
            split.stop_one("xmpp-s2s")
        heard += [self.next_id(there) for _ in range(RATE // 4)]
        talker.end()
        while heard[-1] != END:
            heard.append(self.next_id(there))
        self.assertEqual(heard, [*map(str, range(talker.sent)), END])
        here.send("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>")
        answer = here.read_until(lambda each: each.get("type") in ("error", "result"))
        self.assertEqual(answer.get("id"), "done", "nothing has come back")

    def next_id(self, person: Person) -> str:
        """The id of the next message."""
        return person.read_until(lambda each: each.tag.endswith("}message")).get("id", "")

    def reach_all(self, person: Person) -> None:
        """Ask each domain for a sign of life."""
        asked = [person.ask(domain, f"<ping xmlns='{PING}'/>") for domain in DOMAINS]
        answers = {}
        while len(answers) < len(asked):
            answer = person.read_until(lambda each: each.get("id") in asked)
            answers[answer.get("id")] = answer.get("type")
        self.assertEqual(set(answers.values()), {"result"}, answers)

    def map(self, server: Server, *instances: str) -> dict[str, list[str]]:
        """The domains to which each has streams."""
        found = {}
        for name in instances or ("s2s-1", "s2s-2"):
            rows = json.loads(server.control("--instance", name, "s2s", "list", "--json"))
            found[name] = sorted(row["remote"] for row in rows if row["direction"] == "out")
        return found

    def start_second(self, server: Server) -> subprocess.Popen[bytes]:
        """Start `s2s-2`, which reads the same but for where it listens."""
        text = server.config.read_text()
        head, _, rest = text.partition("[[s2s.listen]]\n")
        _, _, rest = rest.partition("\n")
        place = f'endpoint = "tcp:{free_port()}:interface=127.0.0.1"\n'
        file = server.folder / "second.toml"
        file.write_text(f"{head}[[s2s.listen]]\n{place}{rest}")
        words = (*TWISTD, "xmpp-s2s", "--config", str(file), "--name", "s2s-2")
        with server.log.open("ab") as log:
            process = subprocess.Popen(
                words,
                cwd=server.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.addCleanup(process.wait, STOPPING)
        self.addCleanup(process.terminate)
        await_true(lambda: "link s2s-2 is up" in server.logged(), server.logged)
        return process
