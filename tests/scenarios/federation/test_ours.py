"""Two servers of ours."""

from tests.scenarios.federation import case
from tests.scenarios.federation.ours import Ours, Split


class WholeTest(case.Matrix, case.AtOnce):
    """Both in one process each."""

    kinds = (Ours, Ours)


class SplitTest(case.Matrix):
    """One of them in four processes."""

    kinds = (Split, Ours)
