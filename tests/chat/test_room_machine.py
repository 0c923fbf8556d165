"""Random lives of rooms: what must hold after every command, and for everybody who is told.

`XMPPD_ROOM_HISTORIES=100000` has so many more looked at; see also `tests.chat.machine`.
"""

import os
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import OPTIONS
from tests.chat.life import live
from tests.chat.machine import failures

HISTORIES = int(os.environ.get("XMPPD_ROOM_HISTORIES", "500"))


class RoomMachineTest(SynchronousTestCase):
    def test_histories(self) -> None:
        self.assertEqual(list(failures(range(HISTORIES))), [])

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.integers(1, 30))
    def test_shrunk(self, random: Random, steps: int) -> None:
        """The same; what fails is told in few steps."""
        live(random, steps)

    def test_defaults_change_nothing(self) -> None:
        """22: an option at its default moves no need and hides nobody."""
        for option in OPTIONS.options:
            with self.subTest(option=type(option).__name__):
                self.assertEqual(
                    (dict(option.moves(OPTIONS.defaults)), list(option.hides(OPTIONS.defaults))),
                    ({}, []),
                )
