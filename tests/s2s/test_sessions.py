"""What is kept of broken streams."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.app.config_servers import ServerLimits
from xmppd.s2s.sessions import Sessions


class BoundTest(SynchronousTestCase):
    def test_who_proves_something_else_each_time(self) -> None:
        """One owner of a domain has many names below it, in as many sets."""
        clock = Clock()
        sessions = Sessions(clock, most=3)
        ids = []
        for number in range(5):
            stream = self.stream(number)
            session = sessions.begin(stream, resumable=True)
            sessions.suspend(session, stream)
            ids.append(session.id)
        self.assertEqual(len(clock.getDelayedCalls()), 3)
        self.assertIsNone(sessions.take(ids[1], self.stream(1)))
        self.assertIsNotNone(sessions.take(ids[2], self.stream(2)))
        sessions.stop()
        self.assertEqual(clock.getDelayedCalls(), [])

    def stream(self, number: int) -> Any:
        proved = {(f"d{number}.test", "capulet.test"), ("d.test", "capulet.test")}
        return SimpleNamespace(proved=proved, is_bidi=False, limits=ServerLimits(), pairs=[])
