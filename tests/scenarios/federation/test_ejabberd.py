"""Our server and ejabberd."""

from tests.scenarios.federation import case
from tests.scenarios.federation.ejabberd import Ejabberd
from tests.scenarios.federation.ours import Ours


class EjabberdTest(case.WiderMatrix):
    """Our server in one process."""

    kinds = (Ours, Ejabberd)
