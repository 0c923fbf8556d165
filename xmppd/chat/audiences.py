"""Who is inside a room, and who of them is told what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xmppd.chat.events import Event
from xmppd.chat.model import Affiliation, Occupancy, Occupant, Person, Role, Sight
from xmppd.chat.outcome import Changes, Notice
from xmppd.chat.rights import Need, Right


class Audiences:
    """Occupants and their sessions, and the ways to tell some of them.

    `unseen` are the roles whose occupants only some see: those with the right to.
    """

    occupants: dict[str, Occupant]
    stays: dict[str, dict[Person, Occupancy]]
    sessions: dict[Person, str]
    needs: Mapping[Right, Need]
    unseen: frozenset[Role]

    def moved(self) -> None:
        """Who is inside, or sees what, has changed."""
        self._audiences: dict[bool | None, tuple[Occupancy, ...]] = {}

    def audience(self, addresses: bool | None = None) -> tuple[Occupancy, ...]:
        """All sessions; or only those who see real addresses, or do not."""
        found = self._audiences.get(addresses)
        if found is None:
            need = self.needs[Right.SEE_ADDRESSES]
            found = self._audiences[addresses] = tuple(
                stay
                for key, stays in self.stays.items()
                if addresses is None or (self.occupants[key].role >= need) is addresses
                for stay in stays.values()
            )
        return found

    def has(self, occupant: Occupant, right: Right) -> bool:
        """Whether somebody inside has a right."""
        need = self.needs[right]
        held = occupant.affiliation if isinstance(need, Affiliation) else occupant.role
        return held >= need

    def those_with(self, right: Right) -> tuple[Occupancy, ...]:
        """The sessions of all inside who have a right."""
        return tuple(
            stay
            for key, each in self.occupants.items()
            if self.has(each, right)
            for stay in self.stays[key].values()
        )

    def visible_to(self, viewer: Occupant) -> tuple[Occupant, ...]:
        """Everybody else whom an occupant sees."""
        all_seen = not self.unseen or self.has(viewer, Right.SEE_UNSEEN)
        return tuple(
            each
            for each in self.occupants.values()
            if each is not viewer and (all_seen or each.role not in self.unseen)
        )

    def tell(self, out: Changes, event: Event, to: Iterable[Occupancy], sight: Sight) -> None:
        """Have somebody told, if there is anybody."""
        to = tuple(to)
        if to:
            out.notices.append(Notice(event, to, sight))

    def tell_all(
        self,
        out: Changes,
        event: Event,
        key: str,
        own: Iterable[Occupancy] | None = None,
        role: Role | None = None,
    ) -> None:
        """Have everybody told of an occupant, each as they may know.

        `own` are its sessions, and `role` that in which it was seen, where it is there no longer.
        """
        mine = self.stays.get(key, {})
        self.tell(out, event, mine.values() if own is None else own, Sight.SELF)
        self.tell_others(out, event, key, role)

    def tell_others(self, out: Changes, event: Event, key: str, role: Role | None = None) -> None:
        """Have everybody else told of an occupant."""
        seen_as = self.occupants[key].role if role is None else role
        if seen_as in self.unseen:
            self.tell_some(out, event, key, aware=True)
            return
        mine = self.stays.get(key, {})
        for sight, addresses in ((Sight.FULL, True), (Sight.NICK, False)):
            audience = self.audience(addresses)
            self.tell(out, event, [stay for stay in audience if stay.person not in mine], sight)

    def tell_some(self, out: Changes, event: Event, key: str, *, aware: bool) -> None:
        """Have those others told of an occupant who see the unseen too, or who do not."""
        mine = self.stays.get(key, {})
        for sight, addresses in ((Sight.FULL, True), (Sight.NICK, False)):
            found = [
                stay
                for stay in self.audience(addresses)
                if stay.person not in mine and self._sees_unseen(stay) is aware
            ]
            self.tell(out, event, found, sight)

    def _sees_unseen(self, stay: Occupancy) -> bool:
        return self.has(self.occupants[self.sessions[stay.person]], Right.SEE_UNSEEN)
