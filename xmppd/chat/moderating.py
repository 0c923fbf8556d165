"""Taking back what was said: by who said it, or by moderators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.chat.commands import Moderate, Retract
from xmppd.chat.events import Said
from xmppd.chat.model import Author, Content, Entry, Kind, Message, Moderation, Removal
from xmppd.chat.outcome import Changes, Notice, Reason, Refusal, SaveMessage, SaveRemoval
from xmppd.chat.people import author_of
from xmppd.chat.rights import Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room


def retract(room: Room, command: Retract, out: Changes) -> None:
    """Take back what somebody has said, from whatever session and under whatever nick."""
    person = command.person
    author = room.inside_with(person, Right.SAY, Reason.NO_VOICE)
    entry = _still_there(room, command.entry)
    if entry.author.account != person.account:
        raise Refusal(Reason.FORBIDDEN, "somebody else has said that")
    _remove(room, entry, author_of(author), command.content, None, out)


def moderate(room: Room, command: Moderate, out: Changes) -> None:
    """Take back what somebody else has said, who does not stand higher."""
    person = command.person
    room.need(person, Right.MODERATE)
    entry = _still_there(room, command.entry)
    if room.affiliation(entry.author.account) > room.affiliation(person.account):
        raise Refusal(Reason.OUTRANKED)
    moderation = Moderation(entry.id, room.author(person), command.reason)
    _remove(room, entry, Author("", ""), moderation, moderation, out)


def _still_there(room: Room, entry: Entry | None) -> Entry:
    if entry is None or entry.removed or not (entry.kept or room.recalled(entry.id)):
        raise Refusal(Reason.NO_ENTRY)
    return entry


def _remove(
    room: Room,
    entry: Entry,
    teller: Author,
    content: Content,
    moderation: Moderation | None,
    out: Changes,
) -> None:
    message = Message(room.new_id(), room.clock(), teller, content, room.archived)
    room.forget(entry.id)
    if message.kept:
        out.save(SaveMessage(message, Kind.RETRACTION))
    if entry.kept:
        out.save(SaveRemoval(entry, Removal(message, moderation)))
    out.notices.append(Notice(Said(message), room.audience()))
