"""Two slixmpp clients that manage their streams talk while their connections are cut.

Called with a port that has STARTTLS, a domain, the passwords of its juliet and romeo, and how many
cuts there are to be. Its certificate must be among those of the environment's SSL_CERT_FILE.
"""

import asyncio
import random
import sys
from typing import Any

import slixmpp

PATIENCE = 60.0
PAUSE = 0.004
"""Seconds between two messages."""
END = "end"


class Client(slixmpp.ClientXMPP):
    """Sends numbered messages to somebody while it has a session, and remembers what it gets."""

    def __init__(self, jid: str, password: str, port: int, to: str) -> None:
        super().__init__(jid, password)
        self.port, self.to = port, to
        self.sent = self.resumed = 0
        self.texts: list[str] = []
        self.there = asyncio.Event()
        self.ended = asyncio.Event()
        self.leaving = False
        self.register_plugin("xep_0198")
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("session_resumed", self._resumed)
        self.add_event_handler("sm_failed", self._failed)
        self.add_event_handler("disconnected", self._disconnected)
        self.add_event_handler("message", self._message)

    def come(self) -> None:
        self.connect("127.0.0.1", self.port)

    def _started(self, _: Any) -> None:
        assert not self.resumed and not self.sent, "a new session"
        self.send_presence()
        self.there.set()

    def _resumed(self, _: Any) -> None:
        self.resumed += 1
        self.there.set()

    def _failed(self, stanza: Any) -> None:
        print("failed:", stanza)
        sys.exit(1)

    def _disconnected(self, _: Any) -> None:
        self.there.clear()
        if not self.leaving:
            self.loop.call_later(0.01, self.come)

    def _message(self, message: Any) -> None:
        if message["type"] != "chat":
            print("not expected:", message)
        self.texts.append(message["body"])
        if message["body"] == END:
            self.ended.set()

    async def cut(self) -> None:
        """Lose the connection, as by the network, with what is on its way.

        What slixmpp has not yet handed to the connection then it forgets by itself.
        """
        self.there.clear()
        while not self.waiting_queue.empty():
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        self.transport.abort()

    async def say(self, text: str) -> None:
        await asyncio.wait_for(self.there.wait(), PATIENCE)
        self.send_message(self.to, text, mtype="chat")

    async def talk(self, over: asyncio.Event) -> None:
        """Send until the other says that it is over."""
        while not over.is_set():
            await self.say(str(self.sent))
            self.sent += 1
            await asyncio.sleep(PAUSE)
        await self.say(END)

    def check(self, other: "Client") -> None:
        """Nothing lost, nothing doubled, in order."""
        wanted = [*map(str, range(other.sent)), END]
        differing = [one for one in zip(self.texts, wanted, strict=False) if one[0] != one[1]]
        assert self.texts == wanted, (len(self.texts), len(wanted), differing[:5])


async def main(port: str, domain: str, password1: str, password2: str, cuts: str) -> None:
    addresses = [f"juliet@{domain}/balcony", f"romeo@{domain}/orchard"]
    juliet = Client(addresses[0], password1, int(port), addresses[1])
    romeo = Client(addresses[1], password2, int(port), addresses[0])
    for client in (juliet, romeo):
        client.come()
        await asyncio.wait_for(client.there.wait(), PATIENCE)
    over = asyncio.Event()
    talking = [asyncio.ensure_future(client.talk(over)) for client in (juliet, romeo)]
    chance = random.Random(1)
    for _ in range(int(cuts)):
        client = chance.choice((juliet, romeo))
        await asyncio.wait_for(client.there.wait(), PATIENCE)
        await asyncio.sleep(chance.uniform(0, 0.1))
        await client.cut()
    over.set()
    for task in talking:
        await task
    for client, other in ((juliet, romeo), (romeo, juliet)):
        await asyncio.wait_for(client.ended.wait(), PATIENCE)
        client.check(other)
    assert juliet.resumed + romeo.resumed == int(cuts), (juliet.resumed, romeo.resumed)
    print(f"{juliet.sent} and {romeo.sent} messages, {cuts} cuts")
    for client in (juliet, romeo):
        client.leaving = True
        await client.disconnect()
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
