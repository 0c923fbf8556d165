"""What a room itself says, as messages (XEP-0045, 7.8, 8.6, 9.9, 10.2.1, 10.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from typing import Any

from xmppd.chat import events
from xmppd.chat.model import Affiliation
from xmppd.chat.outcome import Notice
from xmppd.muc import names
from xmppd.muc.asking import registration_request, voice_request
from xmppd.muc.elements import absent_xml, status_xml, x_xml
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza

_STANDS: Mapping[Affiliation, str] = {
    Affiliation.OUTCAST: "banned from",
    Affiliation.NONE: "neither member nor banned any longer of",
    Affiliation.MEMBER: "now a member of",
    Affiliation.ADMIN: "now an admin of",
    Affiliation.OWNER: "now an owner of",
}


class Announcer:
    """Makes the messages that come from one room; `encoders` says of which events."""

    def __init__(self, room: Jid) -> None:
        self._room = room
        self.encoders: Mapping[type, Callable[[Any, Notice], Iterable[Stanza]]] = {
            events.Invited: self._invited,
            events.Declined: self._declined,
            events.VoiceAsked: self._voice_asked,
            events.RegistrationAsked: self._registration_asked,
            events.Outside: self._outside,
            events.StandingTold: self._standing_told,
            events.Configured: self._configured,
        }

    def _invited(self, event: events.Invited, notice: Notice) -> Iterable[Stanza]:
        asked = event.invitation
        said = [element("reason", None, None, asked.reason)] if asked.reason else []
        if asked.continues:
            said.append(element("continue", None, {"thread": asked.thread}))
        invite = element("invite", None, {"from": self._inviter(event)}, *said)
        password = element("password", None, None, event.password) if event.password else b""
        direct = {
            "continue": "true" if asked.continues else None,
            "jid": self._room,
            "password": event.password or None,
            "reason": asked.reason or None,
            "thread": asked.thread,
        }
        yield self._message(x_xml(invite, password), element("x", names.DIRECT_INVITE, direct))

    def _inviter(self, event: events.Invited) -> str:
        """Who invites, by address where those are known; the room for who is not inside."""
        by = event.by
        if event.open and by.account:
            return by.account
        return self._room.with_resource(by.nick) if by.nick else self._room

    def _declined(self, event: events.Declined, notice: Notice) -> Iterable[Stanza]:
        said = [element("reason", None, None, event.reason)] if event.reason else []
        decline = element("decline", None, {"from": event.account}, *said)
        yield self._message(x_xml(decline))

    def _voice_asked(self, event: events.VoiceAsked, notice: Notice) -> Iterable[Stanza]:
        asked = event.occupant
        form = voice_request(event.role.name.lower(), str(asked.shown.wire), asked.nick)
        yield self._message(form.to_xml())

    def _registration_asked(
        self, event: events.RegistrationAsked, notice: Notice
    ) -> Iterable[Stanza]:
        form = registration_request(event.account, event.nick)
        yield self._message(form.to_xml())

    def _outside(self, event: events.Outside, notice: Notice) -> Iterable[Stanza]:
        item = absent_xml(event.account, event.affiliation, event.by, event.reason)
        yield self._message(x_xml(item))

    def _standing_told(self, event: events.StandingTold, notice: Notice) -> Iterable[Stanza]:
        said = f"You are {_STANDS[event.affiliation]} {self._room}."
        body = element("body", None, None, said)
        yield self._message(body, x_xml(status_xml(101)))

    def _configured(self, event: events.Configured, notice: Notice) -> Iterable[Stanza]:
        codes = []
        told = {"absent_members", "identities"}
        if "absent_members" in event.new:
            codes.append(102 if event.new["absent_members"] else 103)
        if event.logged is not None:
            codes.append(170 if event.logged else 171)
            told |= {"published", "archive"}
        if "identities" in event.new:
            codes.append(172 if event.new["identities"] == "everyone" else 173)
        if event.new.keys() - told:
            codes.append(104)
        yield self._message(x_xml(*map(status_xml, codes)), type="groupchat")

    def _message(self, *content: bytes, type: str | None = None) -> Stanza:
        """Something that the room itself says."""
        return Stanza.make("message", *content, sender=self._room, type=type, id=token_hex(8))
