"""What is in the store of a room, by its writes alone; and the ids that the store gives out."""

from collections.abc import Callable
from itertools import count

import attrs

from xmppd.chat.model import Author, Entry, Kind, Message, Saved
from xmppd.chat.outcome import (
    Done,
    SaveCard,
    SaveMessage,
    SaveRemoval,
    SaveRoom,
    SaveStanding,
)
from xmppd.chat.room import Room
from xmppd.storage.ids import Mark, Mint, Ticks


class Ids:
    """Ids that grow whatever the clock does; each reader is given the same ones."""

    def __init__(self, now: Callable[[], float], last: str = "") -> None:
        """`last` is the latest in the store."""
        ticks = Ticks(now)
        if last:
            ticks.not_before(Mark.from_id(last).time)
        self._mint = Mint(ticks)
        self._given: list[str] = []

    def reader(self) -> Callable[[], str]:
        """Another room's source of ids, from now on."""
        numbers = count(len(self._given))

        def new_id() -> str:
            number = next(numbers)
            while len(self._given) <= number:
                self._given.append(self._mint.new_id())
            return self._given[number]

        return new_id


def copied(saved: Saved) -> Saved:
    """The same; what becomes of the one does not become of the other."""
    return attrs.evolve(saved, config=dict(saved.config), standings=dict(saved.standings))


class Disk:
    """A room in the store. `saved` is None while the room is not to last.

    In `archive` is what was said there, None where nothing is left of it.
    """

    def __init__(self) -> None:
        self.saved: Saved | None = None
        self.archive: dict[str, Message | None] = {}
        self._said: set[str] = set()

    def take(self, room: Room, done: Done) -> None:
        """Store what an outcome says is to be stored."""
        if done.ended or room.saved.locked or not room.config["persistent"]:
            self.saved, self.archive = None, {}
            return
        if self.saved is None:
            self.saved = copied(room.saved)
        else:
            self._write(self.saved, room, done)
        for write in done.writes:
            if isinstance(write, SaveMessage):
                assert write.message.id not in self.archive, "15"
                self.archive[write.message.id] = write.message
                if write.kind is Kind.SAID:
                    self._said.add(write.message.id)
            elif isinstance(write, SaveRemoval):
                self.archive[write.entry.id] = None

    def _write(self, saved: Saved, room: Room, done: Done) -> None:
        for write in done.writes:
            if isinstance(write, SaveRoom):
                now = room.saved
                saved.config, saved.topic = dict(now.config), now.topic
                saved.picture, saved.locked = now.picture, now.locked
            elif isinstance(write, SaveCard):
                saved.card = room.saved.card
            elif isinstance(write, SaveStanding) and write.standing is not None:
                saved.standings[write.account] = write.standing
            elif isinstance(write, SaveStanding):
                saved.standings.pop(write.account, None)

    def newest(self, number: int) -> list[Message]:
        """The last ones that were said; topics and the like are not."""
        found = [each for id, each in sorted(self.archive.items()) if id in self._said]
        return [each for each in found[max(0, len(found) - number) :] if each is not None]

    @property
    def last_id(self) -> str:
        return max(self.archive, default="")

    def entries(self) -> list[Entry]:
        """What is there to be taken back."""
        return [
            Entry(id, each.author) if each is not None else Entry(id, Author("", ""), removed=True)
            for id, each in self.archive.items()
        ]
