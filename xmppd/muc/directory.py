"""Which rooms there are, in memory or not, and pages of those that are listed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import ItemsView, Iterator, Mapping

from xmppd.muc.keeping import Listed
from xmppd.protocol.paging import PageRequest


class Directory:
    """All rooms of a domain by localpart, and what can be told of them without loading them."""

    def __init__(self, rooms: Mapping[str, Listed] | None = None) -> None:
        self._all = dict(rooms or {})
        self._public = sorted(local for local, listed in self._all.items() if not listed.hidden)

    def __contains__(self, local: str) -> bool:
        return local in self._all

    def __getitem__(self, local: str) -> Listed:
        return self._all[local]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def items(self) -> ItemsView[str, Listed]:
        """All of them, in no order."""
        return self._all.items()

    @property
    def public(self) -> int:
        """How many are listed."""
        return len(self._public)

    def put(self, local: str, listed: Listed) -> None:
        """There is that room."""
        was = self._is_public(local)
        self._all[local] = listed
        if was and listed.hidden:
            self._unlist(local)
        elif not was and not listed.hidden:
            insort(self._public, local)

    def remove(self, local: str) -> None:
        """There is no such room any more."""
        if self._is_public(local):
            self._unlist(local)
        self._all.pop(local, None)

    def _is_public(self, local: str) -> bool:
        listed = self._all.get(local)
        return listed is not None and not listed.hidden

    def _unlist(self, local: str) -> None:
        del self._public[bisect_left(self._public, local)]

    def page(self, wanted: PageRequest, size: int) -> tuple[list[str], int]:
        """Some of those that are listed, by name, and the place of the first (XEP-0059)."""
        names = self._public
        if wanted.before is not None:
            stop = bisect_left(names, wanted.before) if wanted.before else len(names)
            start = max(0, stop - size)
            return names[start:stop], start
        start = wanted.index or 0
        if wanted.after is not None:
            start = bisect_right(names, wanted.after)
        return names[start : start + size], start
