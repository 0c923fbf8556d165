"""Two clients by wokkel in a room; ends with 0 if all went as it should.

Called with a port that has STARTTLS, a domain, the room, and the passwords of its juliet and
romeo. Its certificate must be among those of the environment's SSL_CERT_FILE.
"""

import sys
from typing import Any

import xmppd.link.wokkel_shim  # noqa: F401

# isort: split
from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.task import react
from twisted.words.protocols.jabber.error import StanzaError
from twisted.words.protocols.jabber.jid import JID
from wokkel.client import XMPPClient
from wokkel.muc import MUCClient
from wokkel.xmppim import PresenceClientProtocol

HOST = "127.0.0.1"
PATIENCE = 60


class Rooms(MUCClient):  # type: ignore[misc]
    """Keeps what happens in rooms, as words, until somebody waits for it."""

    def __init__(self, reactor: Any, jid: str, password: str, port: int) -> None:
        super().__init__(reactor)
        self.reactor = reactor
        self.came: DeferredQueue[tuple[str, ...]] = DeferredQueue()
        self.here: Deferred[None] = Deferred()
        self.client = XMPPClient(JID(jid), password, HOST, port)
        self.presence = PresenceClientProtocol()
        for handler in (self, self.presence):
            handler.setHandlerParent(self.client)

    def connectionInitialized(self) -> None:
        super().connectionInitialized()
        self.here.callback(None)

    def userJoinedRoom(self, room: Any, user: Any) -> None:
        self.came.put(("joined", user.nick))

    def userLeftRoom(self, room: Any, user: Any) -> None:
        self.came.put(("left", user.nick))

    def receivedSubject(self, room: Any, user: Any, subject: str) -> None:
        self.came.put(("subject", subject))

    def receivedGroupChat(self, room: Any, user: Any, message: Any) -> None:
        if user is not None:
            self.came.put(("said", user.nick, message.body))

    def receivedHistory(self, room: Any, user: Any, message: Any) -> None:
        self.came.put(("history", message.body))

    async def come(self) -> None:
        """Log in."""
        self.client.startService()
        await self.soon(self.here)
        self.presence.available()

    def soon(self, something: Deferred[Any]) -> Deferred[Any]:
        """What must not take long."""
        return something.addTimeout(PATIENCE, self.reactor)

    async def until(self, *wanted: str) -> None:
        """Wait for something; what else comes is let go."""
        while (found := await self.soon(self.came.get())) != wanted:
            print(found, flush=True)


async def configure(juliet: Rooms, room: JID) -> None:
    """Make a room, see what it is like and have it otherwise."""
    joined = await juliet.soon(juliet.join(room, "juliet"))
    assert joined.locked
    form = await juliet.soon(juliet.getConfiguration(room))
    assert "muc#roomconfig_membersonly" in form.fields
    options = {"muc#roomconfig_roomname": "Orchard", "muc#roomconfig_changesubject": True}
    await juliet.soon(juliet.configure(room, options))
    form = await juliet.soon(juliet.getConfiguration(room))
    assert form.fields["muc#roomconfig_roomname"].value == "Orchard"
    print("made and configured", flush=True)


async def talk(juliet: Rooms, romeo: Rooms, room: JID) -> None:
    """Say something, change nicks and the subject."""
    juliet.groupChat(room, "Wherefore art thou?")
    await juliet.until("said", "juliet", "Wherefore art thou?")
    await romeo.soon(romeo.join(room, "romeo"))
    await romeo.until("history", "Wherefore art thou?")
    await juliet.until("joined", "romeo")
    romeo.groupChat(room, "But soft!")
    await juliet.until("said", "romeo", "But soft!")
    romeo.subject(room, "Balcony")
    await juliet.until("subject", "Balcony")
    await romeo.soon(romeo.nick(room, "montague"))
    await juliet.until("joined", "montague")
    romeo.groupChat(room, "Call me but love")
    await juliet.until("said", "montague", "Call me but love")
    print("talked and renamed", flush=True)


async def rule(juliet: Rooms, romeo: Rooms, room: JID) -> None:
    """Kick somebody, and ban them when they come back."""
    await juliet.soon(juliet.kick(room, "montague", "enough"))
    await juliet.until("left", "montague")
    await romeo.soon(romeo.join(room, "romeo"))
    await juliet.until("joined", "romeo")
    entity = romeo.client.jid.userhostJID()
    await juliet.soon(juliet.ban(room, entity, "enough"))
    await juliet.until("left", "romeo")
    [banned] = await juliet.soon(juliet.getBanList(room))
    assert banned.entity == entity, banned.entity
    try:
        await romeo.soon(romeo.join(room, "romeo"))
        raise AssertionError("an outcast gets in")
    except StanzaError as error:
        assert error.condition == "forbidden", error
    print("kicked and banned", flush=True)


async def scenario(reactor: Any, port: str, domain: str, room: str, *passwords: str) -> None:
    juliet, romeo = (
        Rooms(reactor, f"{name}@{domain}/wokkel", password, int(port))
        for name, password in zip(("juliet", "romeo"), passwords, strict=True)
    )
    for each in (juliet, romeo):
        await each.come()
    place = JID(room)
    await configure(juliet, place)
    await talk(juliet, romeo, place)
    await rule(juliet, romeo, place)
    await juliet.soon(juliet.destroy(place))
    for each in (juliet, romeo):
        each.client.stopService()
    print("all done")


def main(reactor: Any, *words: str) -> Deferred[None]:
    return Deferred.fromCoroutine(scenario(reactor, *words))


if __name__ == "__main__":
    react(main, sys.argv[1:])
