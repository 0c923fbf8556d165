"""How the bot is tested: as a program of its own, against a server of the test's."""

import contextlib
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.trial.unittest import TestCase

from xmppd.testing.listening import ListeningServer

BOT = str(Path(__file__).with_name("bot.py"))


class Running(ProcessProtocol):
    """A program that runs until the test ends it; `ended` fires then."""

    def __init__(self) -> None:
        self.ended: Deferred[None] = Deferred()

    def errReceived(self, data: bytes) -> None:
        sys.stderr.write(data.decode())

    def processEnded(self, reason: object) -> None:
        self.ended.callback(None)

    def end(self) -> Deferred[None]:
        with contextlib.suppress(ProcessExitedAlready):
            self.transport.signalProcess("KILL")
        return self.ended


class BotTest(TestCase):
    async def setUp(self) -> None:
        self.server = ListeningServer(accounts={"bot": "b0t", "juliet": "secret"})
        await self.server.start()
        self.addCleanup(self.server.stop)
        self.bot = Running()
        at = f"{self.server.address}:{self.server.port}"
        command = [sys.executable, BOT, "bot@example.com", "b0t", "--at", at]
        reactor.spawnProcess(self.bot, command[0], command, env=None)
        self.addCleanup(self.bot.end)

    async def test_answers_in_capital_letters(self) -> None:
        juliet = await self.server.client("juliet")
        juliet.send("<message to='bot@example.com' type='chat'><body>hello</body></message>")
        answer = await juliet.wait("message", sender="bot@example.com", seconds=30)
        self.assertEqual(answer.text("", "body"), "HELLO")
