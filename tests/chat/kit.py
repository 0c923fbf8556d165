"""Rooms for tests: a clock that stands still, ids that count, shorthands for commands."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from xmppd.chat.commands import Enter
from xmppd.chat.model import Affiliation, HistoryWish, Person, Presence, Saved, Standing, Text
from xmppd.chat.option_set import OptionSet
from xmppd.chat.options.builtin import BUILTIN
from xmppd.chat.options.core import CORE
from xmppd.chat.outcome import Done, Refused
from xmppd.chat.room import Room

OWNER = Person("owner@home.test", "desk")
ROMEO, JULIET = Person("romeo@home.test", "phone"), Person("juliet@home.test", "balcony")
HERE = Presence(Text())
EVERY = (*CORE, *BUILTIN)
OPTIONS = OptionSet(EVERY)


def room_with(standings: Mapping[str, Affiliation] | None = None, **config: Any) -> Room:
    """A room of `OWNER`'s, open to others."""
    saved = Saved("room@rooms.test", OWNER.account, "secret", 0.0, config=dict(config))
    saved.standings[OWNER.account] = Standing(Affiliation.OWNER)
    for account, affiliation in (standings or {}).items():
        saved.standings[account] = Standing(affiliation)
    ids = count(1)
    return Room(saved, OPTIONS, lambda: 1000.0, lambda: f"{next(ids):06}")


def enter(
    room: Room, person: Person, nick: str = "", password: str = "", **wish: Any
) -> Done | Refused:
    """Have somebody come in, under their account's name unless told."""
    nick = nick or person.account.partition("@")[0]
    return room.handle(Enter(person, nick, HERE, password, HistoryWish(**wish)))
