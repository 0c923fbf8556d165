"""The small numbers that stand for owners and stores in the SQL tables."""

from __future__ import annotations

from typing import NamedTuple

from xmppd.storage import sql
from xmppd.storage.driver import Place
from xmppd.storage.interfaces import Owner
from xmppd.storage.session import Session

REMEMBERED = 50_000


class Numbers(NamedTuple):
    """A place as parameters of a statement."""

    owner: int
    store: int


class Numbering:
    """Looks the numbers up and makes new ones; forget what it knows after a rollback."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._places: dict[Place, Numbers] = {}
        self._owners: dict[Owner, int] = {}
        self._stores: dict[str, int] = {}

    def forget(self) -> None:
        self._places.clear()
        self._owners.clear()
        self._stores.clear()

    def find(self, place: Place) -> Numbers | None:
        """The numbers of a place; None: nothing was ever stored there."""
        found = self._places.get(place)
        if found is None:
            owner, store = self.owner(place.owner), self.store(place.store)
            if owner is None or store is None:
                return None
            found = self._remember(place, Numbers(owner, store))
        return found

    def make(self, place: Place) -> Numbers:
        found = self._places.get(place) or self.find(place)
        if found is None:
            owner, store = self._make_owner(place.owner), self._make_store(place.store)
            found = self._remember(place, Numbers(owner, store))
        return found

    def owner(self, owner: Owner) -> int | None:
        found = self._owners.get(owner)
        if found is None:
            for (found,) in self._session.read(
                sql.OWNER_GET, {"realm": owner.realm, "name": owner.name}
            ):
                self._owners[owner] = found
        return found

    def store(self, store: str) -> int | None:
        if store not in self._stores:
            self._stores = dict(self._session.read(sql.STORE_ALL, {}))
        return self._stores.get(store)

    def _make_owner(self, owner: Owner) -> int:
        found = self.owner(owner)
        if found is None:
            ((last,),) = self._session.read(sql.OWNER_LAST, {})
            # numbered here, so that the statement gives the same number when it is repeated
            found = last + 1
            self._session.write(
                sql.OWNER_ADD, {"id": found, "realm": owner.realm, "name": owner.name}
            )
            self._owners[owner] = found
        return found

    def _make_store(self, store: str) -> int:
        found = self.store(store)
        if found is None:
            found = max(self._stores.values(), default=0) + 1
            self._session.write(sql.STORE_ADD, {"id": found, "name": store})
            self._stores[store] = found
        return found

    def _remember(self, place: Place, numbers: Numbers) -> Numbers:
        if len(self._places) >= REMEMBERED:
            self._places.clear()
            self._owners.clear()
        self._places[place] = numbers
        return numbers
