"""Statements about what one store of one owner holds."""

from __future__ import annotations

from typing import Any

from xmppd.storage.driver import Place
from xmppd.storage.interfaces import Version
from xmppd.storage.numbering import Numbering
from xmppd.storage.session import Session


class Statements:
    """The base of what reads and writes; a place nothing was stored in has no numbers."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._numbering = Numbering(session)
        self._newest: Version = 0

    def _read(self, place: Place, text: str, **parameters: Any) -> list[Any]:
        numbers = self._numbering.find(place)
        if numbers is None:
            return []
        return self.session.read(
            text, {"owner": numbers.owner, "store": numbers.store, **parameters}
        )

    def _write(self, place: Place, text: str, **parameters: Any) -> int:
        numbers = self._numbering.make(place)
        return self.session.write(
            text, {"owner": numbers.owner, "store": numbers.store, **parameters}
        )
