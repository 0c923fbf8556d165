"""The table of hostile inputs once more, with the roles linked by wires."""

from tests.scenarios import test_hostile_inputs as whole
from tests.scenarios.hostile_split import SplitHouse


class SplitXmlTest(whole.XmlTest):
    """X1 to X20."""

    kind = SplitHouse


class SplitStreamTest(whole.StreamTest):
    """H1 to H8."""

    kind = SplitHouse


class SplitTlsTest(whole.TlsTest):
    """H9 to H12."""

    kind = SplitHouse


class SplitLoginTest(whole.LoginTest):
    """A1 to A11."""

    kind = SplitHouse


class SplitBindingTest(whole.BindingTest):
    """A12 to A17."""

    kind = SplitHouse


class SplitAddressingTest(whole.AddressingTest):
    """S1 to S16."""

    kind = SplitHouse


class SplitDeliveryTest(whole.DeliveryTest):
    """S17 to S22."""

    kind = SplitHouse


class SplitAccountsTest(whole.AccountsTest):
    """S23 to S31."""

    kind = SplitHouse


class SplitMemoryTest(whole.MemoryTest):
    """What is left of very many."""

    kind = SplitHouse
