"""Random stanzas to rooms, some as they should be, many not; see `tests.fuzz.rooms`."""

from twisted.trial.unittest import SynchronousTestCase

from tests.fuzz.rooms import run_case


class FuzzTest(SynchronousTestCase):
    def test_cases(self) -> None:
        for number in range(4):
            run_case(number)
