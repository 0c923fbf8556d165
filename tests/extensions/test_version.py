"""XEP-0092."""

from twisted.trial.unittest import SynchronousTestCase

from tests.sm.kit import House
from xmppd.component.requests import condition_of
from xmppd.extensions.version import SoftwareVersion, software_version

QUERY = "<iq type='get' id='v' to='{}'><query xmlns='jabber:iq:version'/></iq>"


class VersionTest(SynchronousTestCase):
    def told(self, **options: bool) -> dict[str, str]:
        house = House([(SoftwareVersion, SoftwareVersion.Options(**options))])
        answer = house.client().answer(QUERY.format("example.com"))
        self.assertEqual(answer.type, "result")
        query = answer.child("jabber:iq:version", "query")
        assert query is not None
        return {child.name: str(child) for child in query.elements()}

    def test_name_and_version(self) -> None:
        """2: both are required; the operating system is told only where that is wanted (5)."""
        self.assertEqual(self.told(), {"name": "xmppd", "version": software_version()})

    def test_operating_system(self) -> None:
        self.assertTrue(self.told(os=True)["os"])

    def test_accounts_do_not_tell(self) -> None:
        """The same of accounts that exist and that do not."""
        juliet = House([SoftwareVersion]).client()
        for name in "romeo", "nobody":
            answer = juliet.answer(QUERY.format(f"{name}@example.com"))
            self.assertEqual(condition_of(answer), "service-unavailable")
