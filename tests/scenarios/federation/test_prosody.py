"""Our server and Prosody."""

from tests.scenarios.federation import case
from tests.scenarios.federation.ours import Ours
from tests.scenarios.federation.prosody import Prosody


class ProsodyTest(case.WiderMatrix, case.AtOnce):
    """Our server in one process."""

    kinds = (Ours, Prosody)
