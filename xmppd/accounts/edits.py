"""Edits made behind our back: who wants to know that a store of an owner was changed by hand."""

from collections.abc import Callable, Iterable

from xmppd.storage.interfaces import Owner


class Edits:
    """Watchers of single stores; a back-end that notices foreign edits calls `edited`."""

    def __init__(self) -> None:
        self._watchers: dict[tuple[Owner, str], list[Callable[[], None]]] = {}

    def watch(self, owner: Owner, store: str, call: Callable[[], None]) -> Callable[[], None]:
        """Have `call` called after each edit of that store; returns what ends it."""
        key = owner, store
        self._watchers.setdefault(key, []).append(call)

        def end() -> None:
            watchers = self._watchers.get(key, [])
            if call in watchers:
                watchers.remove(call)
            if not watchers:
                self._watchers.pop(key, None)

        return end

    def edited(self, owner: Owner, store: str, keys: Iterable[object] = ()) -> None:
        """Tell those who watch."""
        for call in list(self._watchers.get((owner, store), ())):
            call()
