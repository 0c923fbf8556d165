"""Random lives of rooms: what must hold after every command, and for everybody who is told.

`XMPPD_ROOM_HISTORIES=100000` has so many more looked at; see also `tests.chat.machine`.
"""

import os
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import OPTIONS
from tests.chat.life import Life
from tests.chat.machine import failures

HISTORIES = int(os.environ.get("XMPPD_ROOM_HISTORIES", "500"))


class RoomMachine(RuleBasedStateMachine):
    """The same lives; what fails is told in few steps."""

    @initialize(random=st.randoms(use_true_random=False))
    def begin(self, random: Random) -> None:
        self.life = Life(random)

    @rule()
    def ask(self) -> None:
        self.life.ask()

    @rule(seconds=st.integers(-50_000, 1_000))
    def set_clock(self, seconds: int) -> None:
        self.life.set_clock(seconds)

    @rule()
    def tick(self) -> None:
        self.life.tick()

    @rule()
    def load(self) -> None:
        self.life.load()

    @rule()
    def die(self) -> None:
        self.life.die()

    @rule()
    def take_back(self) -> None:
        self.life.take_back()

    @rule()
    def look_in(self) -> None:
        self.life.look_in()

    @invariant()
    def holds(self) -> None:
        self.life.check()


SHRINKING = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class RoomMachineTest(SynchronousTestCase):
    def test_histories(self) -> None:
        self.assertEqual(list(failures(range(HISTORIES))), [])

    def test_shrunk(self) -> None:
        run_state_machine_as_test(RoomMachine, settings=SHRINKING)

    def test_defaults_change_nothing(self) -> None:
        """22: an option at its default moves no need and hides nobody."""
        for option in OPTIONS.options:
            with self.subTest(option=type(option).__name__):
                self.assertEqual(
                    (dict(option.moves(OPTIONS.defaults)), list(option.hides(OPTIONS.defaults))),
                    ({}, []),
                )
