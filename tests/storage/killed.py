"""Run as a process, to be killed: writes units of a document, a row and an entry, for ever.

Prints the number of the newest unit that is kept, each time that moves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from twisted.internet import reactor

from xmppd.conformance.suite import JULIET
from xmppd.storage.backend import StoreBackend
from xmppd.storage.codecs import JsonCodec
from xmppd.storage.flusher import Flusher
from xmppd.storage.sqlite import SqliteDriver


class Writer:
    def __init__(self, backend: Any, say: Callable[[int], object]) -> None:
        self._backend = backend
        self._say = say
        self._document = backend.document("last", JsonCodec())
        self._table = backend.table("rows", JsonCodec())
        self._log = backend.log("archive")
        self._units: dict[int, int] = {}
        self._number = 0

    def start(self) -> None:
        self._document.get(JULIET).addCallback(self._go_on)
        self._backend.on_kept(self._kept)

    def _go_on(self, found: Any) -> None:
        self._number = found.value if found else 0
        self._write()

    def _write(self) -> None:
        for _ in range(5):
            self._number += 1
            with self._backend.unit():
                self._document.put(JULIET, self._number)
                self._table.put(JULIET, str(self._number % 10), self._number)
                self._log.append(JULIET, b"%d" % self._number)
            self._units[self._backend.ticket] = self._number
        reactor.callLater(0, self._write)

    def _kept(self, kept: int) -> None:
        for ticket in [ticket for ticket in self._units if ticket <= kept]:
            self._say(self._units.pop(ticket))


def indexing(folder: Path, reactor: Any) -> StoreBackend:
    """A SQLite store whose index is brought up to date all the time."""
    driver = SqliteDriver(folder, reactor, "power", Flusher)
    driver.index.many = 20
    return StoreBackend(driver, reactor)


if __name__ == "__main__":
    module, _, name = sys.argv[1].partition(":")
    store = getattr(import_module(module), name)(Path(sys.argv[2]), reactor)
    store.open().addErrback(lambda failure: (print(failure), reactor.stop()))
    Writer(store, lambda number: print(number, flush=True)).start()
    reactor.run()
