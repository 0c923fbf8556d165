"""What was said in a room: for those inside, for newcomers, for the archive (XEP-0045, 7.4)."""

from __future__ import annotations

from xmppd.chat.events import Welcomed
from xmppd.chat.model import Message, Moderation, Occupant
from xmppd.component.stable_ids import stanza_id
from xmppd.muc.content import StanzaContent
from xmppd.muc.elements import known_item_xml, occupant_id_xml, ready, x_xml
from xmppd.muc.removals import moderation_stanza
from xmppd.protocol.forwarding import delay
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


class SaidEncoder:
    """Makes the messages of one room that everybody gets."""

    def __init__(self, room: Jid) -> None:
        self._room = room
        self._last: tuple[Message, Stanza] | None = None

    def told(self, message: Message) -> Stanza:
        """A message as those inside get it; the archive wants the same right after them."""
        if self._last is None or self._last[0] is not message:
            self._last = message, self._made(message, self._content(message))
        return self._last[1]

    def archived(self, message: Message, author: Occupant | None, jid: str) -> bytes:
        """A message as an archive keeps it: as it was told, and who said it (XEP-0313, 6.1.2).

        `jid` is the real address of the author, None of whom stands for the room.
        """
        told = self.told(message)
        if author is not None:
            told = told.adding(x_xml(known_item_xml(author, jid)))
        return told.to_bytes()

    def history(self, event: Welcomed, to: Jid) -> list[Stanza]:
        """What was said, oldest first; the newest that fit where characters are counted.

        `to` is who gets them: its address counts too.
        """
        made = [self._delayed(message) for message in event.history]
        if event.chars is None:
            return made
        left, kept = event.chars, 0
        for stanza in reversed(made):
            left -= len(stanza.readdressed(to, stanza.sender).to_bytes().decode())
            if left < 0:
                break
            kept += 1
        return made[len(made) - kept :]

    def topic(self, topic: Message | None) -> Stanza:
        """The topic, for newcomers."""
        if topic is not None:
            return self._delayed(topic)
        return ready(
            Stanza.make("message", element("subject"), sender=self._room, type="groupchat")
        )

    def _delayed(self, message: Message) -> Stanza:
        """A message for newcomers; its own delay gives way to that of the room (XEP-0045, 7.9)."""
        said, at = self._content(message), message.at
        if message.said_at is not None and isinstance(message.content, StanzaContent):
            said, at = message.content.undated(), message.said_at
        return self._made(message, said, delay(int(at * 1_000_000), self._room))

    def _made(self, message: Message, said: Stanza, *more: bytes) -> Stanza:
        author = message.author
        named = message.kept or message.content.storable
        id = stanza_id(message.id, self._room) if named else b""
        inner = b"".join((occupant_id_xml(author.id), id, *more))
        sender = self._room.with_resource(author.nick) if author.nick else self._room
        return ready(said.readdressed(None, sender).adding(inner))

    def _content(self, message: Message) -> Stanza:
        content = message.content
        if isinstance(content, Moderation):
            return moderation_stanza(content, message.id, self._room)
        assert isinstance(content, StanzaContent)
        return content.stanza
