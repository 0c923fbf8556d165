"""What a session knows of a room: its view, and whose addresses it was told."""

from typing import Any

import attrs

from xmppd.chat import events
from xmppd.chat.model import Sight
from xmppd.chat.nicks import fold
from xmppd.chat.view import View


@attrs.define
class Ear(View):
    """`knows` are the folded nicks whose real addresses it was told."""

    knows: set[str] = attrs.field(factory=set)

    def hear(self, event: Any, sight: Sight) -> None:
        """Learn of an event that is told in some way."""
        if isinstance(event, events.Welcomed):
            self.knows = {fold(event.me.nick)}
        told = self._told(event) if sight is not Sight.NICK else ()
        if isinstance(event, events.Renamed) and fold(event.old.nick) in self.knows:
            self.knows.add(fold(event.occupant.nick))
        self.take(event)
        self.knows |= set(told)
        self.knows &= self.occupants.keys()

    def _told(self, event: Any) -> tuple[str, ...]:
        """Of whom an event tells."""
        if isinstance(event, events.Welcomed | events.Revealed):
            return tuple(fold(each.nick) for each in event.occupants)
        if isinstance(event, events.Entered | events.Shown | events.Ranked | events.Renamed):
            return (fold(event.occupant.nick),)
        return ()
