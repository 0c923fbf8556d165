"""What hands do to the files that we have read or written: it is seen, nothing gets lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from xmppd.storage.driver import Place
from xmppd.storage.edits import edited_document, edited_table
from xmppd.storage.files import TOML, StoreFiles
from xmppd.storage.holding import Entries, Rows
from xmppd.storage.ids import Ticks
from xmppd.storage.interfaces import Owner, StorageError
from xmppd.storage.memory import Holding
from xmppd.storage.tree import Signature

POLL = 1.0
"""Seconds between two looks for files that a hand has changed."""

OnEdit: TypeAlias = Callable[[Owner, str, frozenset[tuple[str, str]]], None]


class Hands:
    """Takes over into `held` what others have written into the files of documents and tables.

    A file that cannot be read is never overwritten: what was read before stays in use.
    """

    _log = Logger()

    def __init__(
        self,
        files: StoreFiles,
        held: dict[Place, Holding | None],
        dirty: set[Place],
        clock: IReactorTime,
        ticks: Ticks,
    ) -> None:
        self._files = files
        self._held = held
        self._dirty = dirty
        self._clock = clock
        self._ticks = ticks
        self._seen: dict[Place, Signature | None] = {}
        self._broken: dict[Place, StorageError] = {}
        self._poll: IDelayedCall | None = None
        self.calls: list[OnEdit] = []

    def start(self) -> None:
        self._poll = self._clock.callLater(POLL, self._look)

    def stop(self) -> None:
        if self._poll is not None and self._poll.active():
            self._poll.cancel()

    def saw(self, place: Place, signature: Signature | None) -> None:
        """The file is now the one that we have just read or written."""
        self._seen[place] = signature

    def forget(self, place: Place) -> None:
        self._seen.pop(place, None)

    def demand_fresh(self, place: Place) -> None:
        """Before a write: raises `StorageError` where it would overwrite what cannot be read."""
        self._refresh(place)
        if place in self._broken:
            raise self._broken[place]

    def _look(self) -> None:
        for place in list(self._seen):
            self._refresh(place)
        self.start()

    def _refresh(self, place: Place) -> None:
        if place not in self._seen or place in self._dirty:
            return
        if isinstance(self._held.get(place), Entries):
            return  # logs are not for editing
        signature = self._files.signature(place)
        changed = signature != self._seen[place]
        if changed or place in self._broken:  # a right given back does not show in the signature
            self._seen[place] = signature
            self._try(place, changed)

    def _try(self, place: Place, changed: bool) -> None:
        try:
            self._take_over(place)
            self._broken.pop(place, None)
        except StorageError as problem:
            self._broken[place] = problem
            if changed:
                self._log.error("{problem}", problem=problem)

    def _take_over(self, place: Place) -> None:
        old = self._held.get(place)
        if isinstance(old, Rows):
            edit = edited_table(old, self._files.table(place)[0], self._ticks)
        else:
            assert not isinstance(old, Entries)
            edit = edited_document(old, self._files.document(place)[0], self._ticks)
        if edit.changed:
            self._log.info("{path} was edited", path=self._files.path(place, TOML))
            self._held[place] = edit.held
            for call in self.calls:
                self._clock.callLater(0, call, place.owner, place.store, edit.keys)
