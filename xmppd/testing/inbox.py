"""What has come to somebody whom a test plays, and how the test asks for it."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza

Wanted = Callable[[Stanza], bool]


def like(name: str, sender: str | None = None, **attributes: str | None) -> Wanted:
    """Tell stanzas of that name.

    :param sender: its `from`; a bare JID stands for all its resources.
    :param attributes: as they must be, None for one that must not be there.
    """

    def wanted(stanza: Stanza) -> bool:
        if stanza.name != name or stanza.ns != CONTENT:
            return False
        came_from = stanza.sender
        if sender is not None and (came_from is None or sender not in (came_from, came_from.bare)):
            return False
        return all(stanza.attrs.get(key) == value for key, value in attributes.items())

    return wanted


class Inbox:
    """Stanzas that have come and that the test has not taken yet, oldest first."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._stanzas: list[Stanza] = []
        self._waiting: list[tuple[Wanted, Deferred[Stanza]]] = []

    def received(self) -> list[Stanza]:
        """Take everything."""
        stanzas, self._stanzas = self._stanzas, []
        return stanzas

    def expect(self, name: str, *, sender: str | None = None, **attributes: str | None) -> Stanza:
        """Take the first stanza that is like that; see `like`.

        Raises AssertionError, which shows what there is instead.
        """
        wanted = like(name, sender, **attributes)
        for stanza in self._stanzas:
            if wanted(stanza):
                self._stanzas.remove(stanza)
                return stanza
        there = "".join(f"\n  {stanza.to_bytes().decode()}" for stanza in self._stanzas)
        raise AssertionError(f"no such {name} among {len(self._stanzas)} stanzas:{there}")

    def wait(
        self,
        name: str,
        *,
        sender: str | None = None,
        seconds: float = 10.0,
        **attributes: str | None,
    ) -> Deferred[Stanza]:
        """Take the first stanza that is like that, now or when it comes.

        For servers on a real reactor. Fails with Twisted's TimeoutError after so many seconds.
        """
        return self._next(like(name, sender, **attributes)).addTimeout(seconds, self._clock)

    def _next(self, wanted: Wanted) -> Deferred[Stanza]:
        waiting: Deferred[Stanza] = Deferred(lambda _: self._waiting.remove((wanted, waiting)))
        for stanza in self._stanzas:
            if wanted(stanza):
                self._stanzas.remove(stanza)
                waiting.callback(stanza)
                return waiting
        self._waiting.append((wanted, waiting))
        return waiting

    def _put(self, stanza: Stanza) -> None:
        for entry in self._waiting:
            wanted, waiting = entry
            if wanted(stanza):
                self._waiting.remove(entry)
                waiting.callback(stanza)
                return
        self._stanzas.append(stanza)
