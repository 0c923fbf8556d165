"""The server with rooms in processes of their own, as far as the roles know, all in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from tests.scenarios.hostile_split import SplitServer
from xmppd.app.config_model import Config
from xmppd.app.rooms import LinkedRooms
from xmppd.component.legs import PACE
from xmppd.testing.server import START, TestServer
from xmppd.testing.settings import DOMAINS, memory_config


class SplitService(SplitServer):
    """Four roles, and the connections between them."""

    def __init__(self, config: Config, reactor: MemoryReactorClock) -> None:
        super().__init__(config, reactor, ())
        self._rooms = LinkedRooms("muc-1", self.config, reactor)
        self.rooms, self.room_stores = self._rooms.rooms, self._rooms.stores
        self.running = False

    def startService(self) -> None:
        super().startService()
        self._rooms.startService()
        self.running = True

    def stopService(self) -> Deferred[Any]:
        """Stop all, the rooms first: they have something to say."""
        self.running = False
        stopped = self._rooms.stopService()
        return stopped.addCallback(lambda _: super(SplitService, self).stopService())


class SplitTestServer(TestServer):
    """A `TestServer` of several processes."""

    service: SplitService  # type: ignore[assignment]

    def __init__(
        self,
        accounts: Mapping[str, str],
        config: Mapping[str, Any],
        domains: Sequence[str] = DOMAINS,
    ) -> None:
        self.clock = MemoryReactorClock()
        self.clock.advance(START)
        self.service = SplitService(memory_config(domains, config), self.clock)
        self._passwords: dict[str, str] = {}
        self.service.startService()
        self.advance(3)
        for name, password in accounts.items():
            self.add_account(name, password)

    def settle(self) -> None:
        """Let everything happen that is due, also what is under way between processes."""
        self.clock.advance(0)
        while self.service.carry():
            self.clock.advance(0)
        self.clock.advance(PACE)
        while self.service.carry():
            self.clock.advance(0)

    def advance(self, seconds: float) -> None:
        while seconds > 0:
            self.clock.advance(min(seconds, 1.0))
            self.settle()
            seconds -= 1.0

    def stop(self) -> None:
        if self.service.running:
            stopped = self.service.stopService()
            self.advance(3)
            self.result(stopped)
