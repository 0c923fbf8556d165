"""A room, and two more beside it: what they are made of, and made anew of."""

from random import Random

import attrs

from tests.chat.asleep import asleep
from tests.chat.disk import Disk, Ids, copied
from tests.chat.ears import Ear
from tests.chat.histories import OWNER, first_configuration
from tests.chat.kit import EVERY, OPTIONS
from tests.chat.naive import NaiveRoom
from tests.chat.naive_ruling import UNOPENED
from xmppd.chat.model import Affiliation, Message, Person, Saved, Standing
from xmppd.chat.option_set import OptionSet
from xmppd.chat.room import Room

SLEEPING = tuple(map(asleep, EVERY))
OTHERWISE = {order: OptionSet(SLEEPING[::order]) for order in (1, -1)}


class Rooms:
    """One room at a time; where it ends, another begins.

    `other` has the same options and affiliations in another order, with its options asleep as long
    as they are at their defaults; `naive` is a plain one. `disk` has what is stored, by the room's
    writes alone. `ears` are what sessions know, `said` what newcomers are to be told, oldest first.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 1_000_000.0
        self.begin()

    def begin(self) -> None:
        """Have a room that nobody is in yet."""
        config, locked = first_configuration(self.random), self.random.random() < 0.2
        saved = Saved("r@rooms.test", OWNER.account, "secret", self.now, locked, config=config)
        saved.standings[OWNER.account] = Standing(Affiliation.OWNER)
        self.disk = Disk()
        self.have(saved, [])

    def have(self, saved: Saved, history: list[Message]) -> None:
        """Have that room, with nobody inside."""
        self.order = self.random.choice((1, -1))
        self.ids = Ids(lambda: self.now, self.disk.last_id)
        self.room, self.other = self.made(saved, history), self.made_otherwise(saved, history)
        self.naive = NaiveRoom(self.room.saved, self.room.config)
        self.ears: dict[Person, Ear] = {}
        self.said = history
        self.used = False
        self.last_id = self.disk.last_id

    def made(self, saved: Saved, history: list[Message]) -> Room:
        """A room as it is after loading."""
        return self._room(saved, OPTIONS, history)

    def _room(self, saved: Saved, options: OptionSet, history: list[Message]) -> Room:
        ids = self.ids.reader()
        return Room(saved, options, lambda: self.now, ids, history, unopened=UNOPENED)

    def made_otherwise(self, saved: Saved, history: list[Message]) -> Room:
        """The same; what has no order is the other way round, and defaults are named."""
        saved = attrs.evolve(saved, standings=dict(reversed(saved.standings.items())))
        room = self._room(saved, OTHERWISE[self.order], history)
        saved.config = dict(reversed(list(room.config.items())))
        return room

    def end(self) -> None:
        """Everybody knows that it has ended; another one begins."""
        assert not self.room.occupants
        assert all(ear.me is None for ear in self.ears.values())
        self.begin()

    def have_stored(self, stored: Saved) -> None:
        """Have a room as it was stored, with nobody inside."""
        saved = copied(stored)
        room = self.made(saved, [])
        self.have(saved, self.disk.newest(room.config["history"]) if room.archived else [])
