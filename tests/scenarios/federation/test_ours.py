"""Two servers of ours."""

from tests.scenarios.federation import case
from tests.scenarios.federation.ours import Ours


class OursTest(case.Matrix):
    """Both in one process each."""

    kinds = (Ours, Ours)
