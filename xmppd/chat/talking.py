"""Saying something: to all, to one, about the topic, to people outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmppd.chat.affiliations import apply_standing, check_place
from xmppd.chat.commands import (
    Decline,
    Invite,
    RequestVoice,
    Say,
    SetTopic,
    StandingChange,
    Whisper,
)
from xmppd.chat.events import Declined, Invited, Said, TopicSet, VoiceAsked, Whispered
from xmppd.chat.model import Affiliation, Invitation, Kind, Message, Person, Sight
from xmppd.chat.outcome import Changes, Notice, Reason, Refusal, SaveMessage, SaveRoom
from xmppd.chat.people import author_of, dated
from xmppd.chat.rights import Right

if TYPE_CHECKING:
    from xmppd.chat.room import Room

MOST_INVITED = 1_000
"""Invitations that are remembered, so that they can be declined."""


def say(room: Room, command: Say, out: Changes) -> None:
    """Tell everybody, the author too."""
    occupant = room.inside_with(command.person, Right.SAY, Reason.NO_VOICE)
    author, content = author_of(occupant), command.content
    kept = content.storable and room.archived
    said_at = dated(occupant.affiliation, content)
    message = Message(room.new_id(), room.clock(), author, content, kept, said_at)
    if content.storable:
        room.remember(message)
    if kept:
        out.save(SaveMessage(message))
    out.notices.append(Notice(Said(message), room.audience()))


def whisper(room: Room, command: Whisper, out: Changes) -> None:
    """Tell one occupant, in all its sessions."""
    author = room.inside(command.person)
    target = room.named(command.nick)
    room.need(command.person, Right.WHISPER, Reason.WHISPER_LIMITED)
    event = Whispered(author_of(author), command.content)
    key = room.sessions[target.shown.person]
    room.tell(out, event, room.stays[key].values(), Sight.NICK)


def set_topic(room: Room, command: SetTopic, out: Changes) -> None:
    """Set the topic and tell everybody."""
    author = author_of(room.inside_with(command.person, Right.SET_TOPIC))
    message = Message(room.new_id(), room.clock(), author, command.content, room.archived)
    room.saved.topic = message
    out.save(SaveRoom())
    if message.kept:
        out.save(SaveMessage(message, Kind.TOPIC))
    out.notices.append(Notice(TopicSet(message), room.audience()))


def invite(room: Room, command: Invite, out: Changes) -> None:
    """Ask people outside to come; in a members-only room that makes them members."""
    room.inside_with(command.person, Right.INVITE_MEMBERS if room.closed else Right.INVITE)
    for invitation in command.invitations:
        if room.affiliation(invitation.to) is Affiliation.OUTCAST:
            raise Refusal(Reason.FORBIDDEN, "who is banned cannot be invited")
        if room.affiliation(invitation.to) < room.needs[Right.ENTER]:
            check_place(room, invitation.to)
    for invitation in command.invitations:
        _invite(room, command.person, invitation, out)


def _invite(room: Room, person: Person, invitation: Invitation, out: Changes) -> None:
    if room.affiliation(invitation.to) < room.needs[Right.ENTER]:
        apply_standing(room, person, StandingChange(invitation.to, Affiliation.MEMBER), out)
    if len(room.invited) >= MOST_INVITED:
        del room.invited[next(iter(room.invited))]
    room.invited[invitation.to] = person.account
    event = Invited(invitation, room.author(person), room.config["password"], room.open)
    out.notices.append(Notice(event, (), account=invitation.to, session=invitation.session))


def decline(room: Room, command: Decline, out: Changes) -> None:
    """Tell who invited, inside or not, that somebody will not come; once for an invitation."""
    inviter = room.invited.pop(command.person.account, None)
    if inviter is None:
        raise Refusal(Reason.FORBIDDEN, "there was no invitation")
    event = Declined(command.person.account, command.reason)
    own = tuple(stay for stay in room.audience() if stay.person.account == inviter)
    out.notices.append(Notice(event, own, Sight.FULL, "" if own else inviter))


def request_voice(room: Room, command: RequestVoice, out: Changes) -> None:
    """Ask the moderators."""
    occupant = room.inside(command.person)
    if occupant.role >= command.role:
        return
    event = VoiceAsked(occupant, command.role)
    room.tell(out, event, room.those_with(Right.GIVE_VOICE), Sight.FULL)
