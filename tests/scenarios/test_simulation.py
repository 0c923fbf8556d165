"""The session protocol under chance (session protocol, 7): a seed that fails names itself."""

from twisted.trial.unittest import SynchronousTestCase

from tests.scenarios.simulation import run

SEEDS = 100


class SimulationTest(SynchronousTestCase):
    def test_seeds(self) -> None:
        for seed in range(SEEDS):
            run(seed)
