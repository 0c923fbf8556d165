"""Rooms in stores: each with its configuration, its topic and its affiliations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from xmppd.chat.model import Affiliation, Message, Saved, Standing
from xmppd.chat.outcome import SaveCard, SaveRoom, SaveStanding, Write
from xmppd.chat.room import Room
from xmppd.muc.archive import ARCHIVE, Archives, Row, Tombstone, remembered
from xmppd.muc.graves import MANY, Graves
from xmppd.muc.histories import HISTORY, Histories
from xmppd.muc.stays import STAYS, Stays
from xmppd.muc.written import read_message, written_message
from xmppd.storage.codecs import JsonCodec, XmlCodec
from xmppd.storage.interfaces import Corrupt, Owner
from xmppd.storage.stores import Stores

STORES = ("room", "standings", "rooms", "vcard", ARCHIVE, STAYS, HISTORY)
CLEARING = "clearing"
"""Section of the list of rooms for those whose archives are being removed."""


@attrs.frozen
class Listed:
    """What can be told of a room without loading it."""

    name: str = ""
    hidden: bool = False


class RoomStore:
    """Rooms of one domain. Writes happen at once; what they return fires when they are kept."""

    log = Logger()

    def __init__(self, stores: Stores, domain: str) -> None:
        self._stores = stores
        self._domain = domain
        self._all = Owner(domain, "")
        self._rooms = stores.document("room", JsonCodec())
        self._standings = stores.table("standings", JsonCodec())
        self._cards = stores.document("vcard", XmlCodec())
        self._listing = stores.table("rooms", JsonCodec())
        self.archives = Archives(stores, domain)
        self.new_id = self.archives.new_id
        self.stays = Stays(stores, domain)
        self.histories = Histories(stores, domain)
        self.graves = Graves(self._listing, self._all)

    async def listed(self) -> dict[str, Listed]:
        """All rooms that are kept, by localpart."""
        rows = await self._listing.items(self._all, "", limit=MANY)
        return {row.key: Listed(row.value["name"], row.value["hidden"]) for row in rows}

    async def load(self, local: str) -> Saved | None:
        """What is kept of a room. Fails with `StorageError`."""
        owner = Owner(self._domain, local)
        document = await self._rooms.get(owner)
        if document is None:
            return None
        rows = await self._standings.items(owner, limit=MANY)
        card = await self._cards.get(owner)
        try:
            saved = _read(document.value)
            saved.card = b"" if card is None else card.value
            saved.standings = {row.key: _read_standing(row.value) for row in rows}
        except (KeyError, TypeError, ValueError) as problem:
            raise Corrupt("room", owner, str(problem)) from problem
        return saved

    async def told(self, local: str, room: Room) -> list[Message]:
        """What newcomers are told of: what was put away, or else what the archive has.

        Fails with `StorageError`.
        """
        away = await self.histories.take(local)
        if away or not room.archived:
            return away
        return await remembered(room, self.archives.of(local, room.saved.created))

    def keep(
        self,
        local: str,
        saved: Saved,
        listed: Listed,
        writes: Iterable[Write],
        said: Iterable[Row | Tombstone] = (),
    ) -> Deferred[None]:
        """Keep what has changed of a room and what was said there, all of it or nothing."""
        owner = Owner(self._domain, local)
        with self._stores.unit("room") as kept:
            for write in writes:
                if isinstance(write, SaveRoom):
                    self._rooms.put(owner, _written(saved))
                    line = {"name": listed.name, "hidden": listed.hidden}
                    self._listing.put(self._all, local, line)
                elif isinstance(write, SaveStanding):
                    self._put(owner, write)
                elif isinstance(write, SaveCard):
                    self._put_card(owner, saved.card)
            for row in said:
                self.archives.write(local, row)
        return kept

    def _put_card(self, owner: Owner, card: bytes) -> None:
        if card:
            self._cards.put(owner, card)
        else:
            self._cards.remove(owner)

    def _put(self, owner: Owner, write: SaveStanding) -> None:
        if write.standing is None:
            self._standings.remove(owner, write.account)
        else:
            self._standings.put(owner, write.account, _written_standing(write.standing))

    def remove(self, local: str) -> Deferred[None]:
        """Remove all that is kept of a room."""
        owner = Owner(self._domain, local)
        with self._stores.unit("room") as kept:
            self._rooms.remove(owner)
            self._standings.clear(owner)
            self._cards.remove(owner)
            self.histories.forget(local)
            self._listing.remove(self._all, local)
            before = self.archives.now()
            self._listing.put(self._all, local, before, section=CLEARING)
        self._clear(local, before)
        return kept

    async def clear_left(self) -> None:
        """Go on removing archives where a process has died over it. Fails with `StorageError`."""
        for row in await self._listing.items(self._all, CLEARING, limit=MANY):
            self._clear(row.key, row.value)

    def _clear(self, local: str, before: int) -> None:
        """Remove what was said in a room that is no more."""
        cleared = Deferred.fromCoroutine(self.archives.clear(local, before))
        cleared.addCallback(lambda _: self._listing.remove(self._all, local, CLEARING))
        cleared.addErrback(self._not_cleared, local)

    def _not_cleared(self, failure: Failure, local: str) -> None:
        self.log.failure("The archive of {room} is not removed", failure, room=local)


def everything(saved: Saved) -> tuple[Write, ...]:
    """What it takes to keep a room that was not kept before."""
    rows = [SaveStanding(account, standing) for account, standing in saved.standings.items()]
    cards = [SaveCard()] if saved.card else []
    return (SaveRoom(), *cards, *rows)


def _written(saved: Saved) -> dict[str, Any]:
    topic = saved.topic
    return {
        "address": saved.address,
        "creator": saved.creator,
        "secret": saved.secret,
        "created": saved.created,
        "config": saved.config,
        "picture": saved.picture,
        "topic": None if topic is None else written_message(topic),
    }


def _read(value: dict[str, Any]) -> Saved:
    topic = value["topic"]
    return Saved(
        value["address"],
        value["creator"],
        value["secret"],
        value["created"],
        config={name: _read_field(each) for name, each in value["config"].items()},
        picture=value.get("picture", ""),
        topic=None if topic is None else read_message(topic),
    )


def _read_field(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _written_standing(standing: Standing) -> dict[str, Any]:
    return {
        "affiliation": standing.affiliation.name.lower(),
        "nick": standing.nick,
        "reason": standing.reason,
        "at": standing.at,
    }


def _read_standing(value: dict[str, Any]) -> Standing:
    affiliation = Affiliation[value["affiliation"].upper()]
    return Standing(affiliation, value["nick"], value["reason"], value["at"])
