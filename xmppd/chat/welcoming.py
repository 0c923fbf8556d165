"""What a session is told that comes in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xmppd.chat.commands import Enter
from xmppd.chat.events import Welcomed
from xmppd.chat.model import HistoryWish, Message, Sight
from xmppd.chat.outcome import Changes
from xmppd.chat.rights import Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def welcome(room: Room, command: Enter, key: str, out: Changes, created: bool = False) -> None:
    """Tell a session everything that it needs to know (XEP-0045, 7.1)."""
    me = room.occupants[key]
    sees = room.may(command.person, Right.SEE_ADDRESSES)
    event = Welcomed(
        room.visible_to(me),
        room.absent() if room.config["absent_members"] else (),
        me,
        wished(room.history, command.wish, room.clock()),
        room.saved.topic,
        command.wish.chars,
        room.open,
        room.logged,
        created,
        me.nick != (command.asked or command.nick),
    )
    stay = room.stays[key][command.person]
    room.tell(out, event, (stay,), Sight.FULL if sees else Sight.NICK)


def wished(history: Iterable[Message], wish: HistoryWish, now: float) -> tuple[Message, ...]:
    """The part of a history that somebody wants; characters are the adaptor's to count."""
    found = list(history)
    since = wish.since
    if wish.seconds is not None:
        since = max(since or 0.0, now - wish.seconds)
    if since is not None:
        found = [message for message in found if message.at >= since]
    if wish.messages is not None:
        found = found[max(0, len(found) - wish.messages) :]
    return () if wish.chars == 0 else tuple(found)
