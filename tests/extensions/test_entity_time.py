"""XEP-0202."""

import time

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.extensions.entity_time import EntityTime, written_offset


class EntityTimeTest(SynchronousTestCase):
    def test_host(self) -> None:
        """2: offset and time are both required; the time is in UTC, by XEP-0082."""
        answer = (
            House([EntityTime])
            .client()
            .answer("<iq type='get' id='t' to='example.com'><time xmlns='urn:xmpp:time'/></iq>")
        )
        self.assertEqual(answer.type, "result")
        told = answer.child("urn:xmpp:time", "time")
        assert told is not None
        here = written_offset(time.localtime(1_800_000_000).tm_gmtoff)
        self.assertEqual(
            {child.name: str(child) for child in told.elements()},
            {"tzo": here, "utc": "2027-01-15T08:00:00Z"},
        )

    def test_offsets(self) -> None:
        """XEP-0082, 3.2: a sign, hours and minutes."""
        offsets = {-21600: "-06:00", 0: "+00:00", 19800: "+05:30", -12600: "-03:30"}
        for seconds, written in offsets.items():
            self.assertEqual(written_offset(seconds), written)
