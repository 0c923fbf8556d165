"""Streams that are cut under their clients, and go on (XEP-0198)."""

from tests.scenarios.managed import ManagedClient
from tests.scenarios.server import SPLIT, ScenarioTestCase

SETTINGS = "c2s.limits.enabled = false"


class ResumeTest(ScenarioTestCase):
    def test_a_stream_goes_on(self) -> None:
        """XEP-0198, 5: what either side missed comes again; presence stays."""
        server = self.server("juliet", "romeo", settings=SETTINGS)
        juliet, romeo = ManagedClient("juliet"), ManagedClient("romeo")
        juliet.connect(server.plain)
        romeo.connect(server.plain)
        juliet.say("romeo", 1, 2)
        juliet.ask()
        self.assertEqual(juliet.acknowledged, 3)
        self.assertEqual(romeo.read_texts(2), ["1", "2"])
        romeo.cut()
        juliet.say("romeo", 3, 4)
        juliet.ask()
        self.assertEqual(juliet.acknowledged, 5)
        romeo.resume(server.plain)
        self.assertEqual(romeo.read_texts(4), ["1", "2", "3", "4"])
        romeo.say("juliet", "a")
        self.assertEqual(juliet.read_texts(1), ["a"])


class SplitResumeTest(ResumeTest):
    layout = SPLIT
