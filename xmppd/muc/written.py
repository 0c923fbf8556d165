"""How messages of rooms are written down outside the archive."""

from __future__ import annotations

from typing import Any

from xmppd.chat.model import Author, Message
from xmppd.muc.content import StanzaContent
from xmppd.protocol.parsing import parse_stanza


def written_message(message: Message) -> dict[str, Any]:
    """A message as JSON can hold it."""
    content = message.content
    assert isinstance(content, StanzaContent)
    return {
        "id": message.id,
        "at": message.at,
        "nick": message.author.nick,
        "occupant": message.author.id,
        "account": message.author.account,
        "kept": message.kept,
        "storable": content.storable,
        "xml": content.stanza.to_bytes().decode(),
    }


def read_message(value: dict[str, Any]) -> Message:
    """The same message again. Raises KeyError, TypeError or ValueError where it is none."""
    author = Author(value["nick"], value["occupant"], value["account"])
    content = StanzaContent(parse_stanza(value["xml"].encode()), value.get("storable", False))
    return Message(value["id"], value["at"], author, content, value.get("kept", False))
