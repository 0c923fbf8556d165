"""Servers of others meet each other: what goes wrong here is wrong with the tests."""

from tests.scenarios.federation import case
from tests.scenarios.federation.ejabberd import Ejabberd
from tests.scenarios.federation.prosody import Prosody


class OthersTest(case.Matrix):
    """Prosody and ejabberd."""

    kinds = (Prosody, Ejabberd)
