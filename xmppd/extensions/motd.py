"""The message of the day: what every user is told once."""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred

from xmppd.component.extension import Extension, on
from xmppd.component.stages import Life
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza
from xmppd.sm.session import Session
from xmppd.storage.codecs import AttrsCodec, JsonCodec
from xmppd.storage.interfaces import Document


@attrs.frozen
class Message:
    """A message of the day; `number` tells it from others, and an edited one is the same."""

    number: int
    text: str


class Motd(Extension):
    """XEP-0133, 4.24 to 4.26: a standing announcement, told once to each user at login.

    Administrators set it with `xmppctl motd` or an ad-hoc command.
    """

    def setup(self) -> None:
        self._store: Document[Message] = self.host.document("motd", AttrsCodec(Message))
        self._codec = JsonCodec()
        self._message: Message | None = None
        self._loaded: Deferred[None] = self._store.get(self.host.owner).addCallback(self._found)
        self._loaded.addErrback(self.host.failed)

    def _found(self, found: object) -> None:
        self._message = getattr(found, "value", None)

    @property
    def text(self) -> str | None:
        """The message as it stands, if there is one."""
        return None if self._message is None else self._message.text

    async def set(self, text: str) -> int:
        """Tell everybody another message: those here at once, all others when they come.

        Gives how many sessions were told.
        """
        number = 1 if self._message is None else self._message.number + 1
        await self._keep(Message(max(number, int(self.host.clock.seconds())), text))
        here = [session for session in self.host.sessions() if session.available]
        for session in here:
            await self._tell(session)
        return len(here)

    async def edit(self, text: str) -> bool:
        """Change the message for those who have not seen it; False if there is none."""
        if self._message is None:
            return False
        await self._keep(attrs.evolve(self._message, text=text))
        return True

    async def delete(self) -> bool:
        """Tell it nobody any more; False if there is none."""
        there, self._message = self._message is not None, None
        await self._store.remove(self.host.owner)
        return there

    async def _keep(self, message: Message) -> None:
        await self._store.put(self.host.owner, message)
        self._message = message

    @on(Life.AVAILABLE)
    def came(self, session: Session) -> None:
        """Tell a session, unless its user has been told."""
        if self._message is not None:
            Deferred.fromCoroutine(self._tell(session)).addErrback(self.host.failed)

    async def _tell(self, session: Session) -> None:
        seen = session.user.account.document("motd_seen", self._codec)
        known = await seen.get()
        message = self._message
        if message is None or (known is not None and known.value == message.number):
            return
        session.deliver(announcement(self.host.jid, session.jid, message.text))
        await seen.put(message.number)


def announcement(sender: Jid, to: Jid, text: str) -> Stanza:
    """A message of a host to one of its users."""
    body = element("body", None, None, text)
    return Stanza.make("message", body, to=to, sender=sender)
