"""What happens in a room, as stanzas (XEP-0045). Each is made once, for all who get it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from xmppd.chat import events
from xmppd.chat.model import Affiliation, Author, Occupancy, Occupant, Sight, Why
from xmppd.chat.outcome import Notice
from xmppd.muc import names
from xmppd.muc.announcing import Announcer
from xmppd.muc.content import StanzaContent
from xmppd.muc.elements import (
    details_xml,
    item_xml,
    occupant_id_xml,
    ready,
    status_xml,
    x_xml,
)
from xmppd.muc.said import SaidEncoder
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.stanza import Stanza


class Sending(NamedTuple):
    """A stanza, and to whom."""

    stanza: Stanza
    to: tuple[Jid, ...]


_CODES: Mapping[Why, int] = {
    Why.KICKED: 307,
    Why.BANNED: 301,
    Why.AFFILIATION: 321,
    Why.MEMBERS_ONLY: 322,
    Why.SHUTDOWN: 332,
    Why.LOST: 333,
}


class Encoder:
    """Makes the stanzas of one room."""

    def __init__(self, room: Jid) -> None:
        self._room = room
        self.said = SaidEncoder(room)
        self._encoders: Mapping[type, Callable[[Any, Notice], Iterable[Stanza]]] = {
            events.Welcomed: self._welcomed,
            events.Entered: self._present,
            events.Shown: self._present,
            events.Ranked: self._ranked,
            events.Revealed: self._revealed,
            events.Left: self._left,
            events.Renamed: self._renamed,
            events.Said: self._said,
            events.TopicSet: self._said,
            events.Whispered: self._whispered,
            events.Destroyed: self._destroyed,
            **Announcer(room).encoders,
        }

    def encode(self, notice: Notice) -> list[Sending]:
        """The stanzas of a notice, each with those who get it."""
        to = addresses(notice.to) if notice.to else (_outside(notice),)
        made = self._encoders[type(notice.event)](notice.event, notice)
        return [Sending(stanza, to) for stanza in made]

    # Presence

    def _welcomed(self, event: events.Welcomed, notice: Notice) -> Iterable[Stanza]:
        for occupant in event.occupants:
            yield self._presence(occupant, notice.sight)
        for member, affiliation in event.absent:
            yield self._absent(member, affiliation, notice.sight)
        codes = [110]
        codes += [100] if event.open else []
        codes += [170] if event.logged else []
        codes += [201] if event.created else []
        codes += [210] if event.renamed else []
        yield self._made_presence(event.me, Sight.SELF, codes)
        yield from self.said.history(event, notice.to[0].wire)
        yield self.said.topic(event.topic)

    def _absent(self, member: Author, affiliation: Affiliation, sight: Sight) -> Stanza:
        """A member who is not there; for those who see addresses, whose nick it is."""
        jid = member.account if sight is Sight.FULL else None
        stands = affiliation.name.lower()
        item = element("item", None, {"affiliation": stands, "role": "none", "jid": jid})
        inner = x_xml(item) + occupant_id_xml(member.id)
        sender = self._named(member.nick)
        return ready(Stanza.make("presence", inner, sender=sender, type="unavailable"))

    def _present(self, event: events.Entered | events.Shown, notice: Notice) -> Iterable[Stanza]:
        yield self._presence(event.occupant, notice.sight)

    def _presence(self, occupant: Occupant, sight: Sight) -> Stanza:
        """An occupant's presence; made once for all who see it that way."""
        found: Stanza | None = occupant.cache.get(sight)
        if found is None:
            codes = [110] if sight is Sight.SELF else []
            found = occupant.cache[sight] = self._made_presence(occupant, sight, codes)
        return found

    def _made_presence(
        self, occupant: Occupant, sight: Sight, codes: Iterable[int], *details: bytes
    ) -> Stanza:
        x = x_xml(item_xml(occupant, sight, *details), *map(status_xml, codes))
        return self._from(occupant, x + occupant_id_xml(occupant.id))

    def _from(self, occupant: Occupant, more: bytes) -> Stanza:
        content = occupant.shown.presence.content
        assert isinstance(content, StanzaContent)
        return ready(content.stanza.readdressed(None, self._jid_of(occupant)).adding(more))

    def _jid_of(self, occupant: Occupant) -> Jid:
        found: Jid | None = occupant.cache.get("jid")
        if found is None:
            found = occupant.cache["jid"] = self._named(occupant.nick)
        return found

    def _named(self, nick: str) -> Jid:
        return self._room.with_resource(nick) if nick else self._room

    def _ranked(self, event: events.Ranked, notice: Notice) -> Iterable[Stanza]:
        codes = [110] if notice.sight is Sight.SELF else []
        details = details_xml(event.by, event.reason, notice.sight)
        yield self._made_presence(event.occupant, notice.sight, codes, *details)

    def _revealed(self, event: events.Revealed, notice: Notice) -> Iterable[Stanza]:
        for occupant in event.occupants:
            yield self._presence(occupant, notice.sight)

    def _left(self, event: events.Left, notice: Notice) -> Iterable[Stanza]:
        codes = [110] if notice.sight is Sight.SELF else []
        codes += [_CODES[event.why]] if event.why in _CODES else []
        details = details_xml(event.by, event.reason, notice.sight)
        item = item_xml(event.occupant, notice.sight, *details)
        yield self._gone(event.occupant, event.content, x_xml(item, *map(status_xml, codes)))

    def _gone(self, occupant: Occupant, content: Any, x: bytes) -> Stanza:
        inner = x + occupant_id_xml(occupant.id)
        jid = self._jid_of(occupant)
        if isinstance(content, StanzaContent):
            return ready(content.stanza.readdressed(None, jid).adding(inner))
        return ready(Stanza.make("presence", inner, sender=jid, type="unavailable"))

    def _renamed(self, event: events.Renamed, notice: Notice) -> Iterable[Stanza]:
        codes = [303, 110] if notice.sight is Sight.SELF else [303]
        item = item_xml(event.old, notice.sight, nick=event.occupant.nick)
        yield self._gone(event.old, None, x_xml(item, *map(status_xml, codes)))
        yield self._presence(event.occupant, notice.sight)

    def _destroyed(self, event: events.Destroyed, notice: Notice) -> Iterable[Stanza]:
        said = [element("reason", None, None, event.reason)] if event.reason else []
        said += [element("password", None, None, event.password)] if event.password else []
        destroy = element("destroy", None, {"jid": event.alternate or None}, *said)
        item = element("item", None, {"affiliation": "none", "role": "none"})
        yield self._gone(event.occupant, None, x_xml(item, destroy, status_xml(110)))

    # Messages

    def _said(self, event: events.Said | events.TopicSet, notice: Notice) -> Iterable[Stanza]:
        yield self.said.told(event.message)

    def _whispered(self, event: events.Whispered, notice: Notice) -> Iterable[Stanza]:
        content = event.content
        assert isinstance(content, StanzaContent)
        inner = element("x", names.MUC_USER) + occupant_id_xml(event.author.id)
        sender = self._named(event.author.nick)
        yield ready(content.stanza.readdressed(None, sender).adding(inner))


def _outside(notice: Notice) -> Jid:
    """Where somebody outside is told."""
    account = Jid.parse(notice.account)
    return account.with_resource(notice.session) if notice.session else account


def addresses(stays: Iterable[Occupancy]) -> tuple[Jid, ...]:
    """Where the sessions of those stays are."""
    return tuple([stay.wire for stay in stays])
