"""Conformance kit: what every storage back-end promises, one sentence per test.

Subclass the suites of the modules beside this one together with
`twisted.trial.unittest.TestCase`, give `make`, and run them::

    class MyDocuments(DocumentSuite, TestCase):
        def make(self):
            return MyStore(self.folder(), reactor, now=self.wall)
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import SkipTest, TestCase

from twisted.trial import unittest

from xmppd.storage.interfaces import (
    PROCESS,
    Backend,
    Owner,
    StorageError,
)

if TYPE_CHECKING:

    class Base(TestCase):
        """What trial's test case adds, with types."""

        def mktemp(self) -> str: ...
        def flushLoggedErrors(self, *types: type[Exception]) -> list[Any]: ...
else:
    Base = object  # no test case by itself: trial would run the suites without a back-end

JULIET = Owner("example.com", "juliet")
ROMEO = Owner("example.com", "romeo")
ORCHARD = Owner("conference.example.com", "orchard")
HOST = Owner("example.com", "")
STRANGE = Owner("exämple.com", "../.%2F\u2028ju\\l:iet*\U0001f339" + "x" * 900)


class Wall:
    """A wall clock that stands wherever the test puts it."""

    def __init__(self) -> None:
        self.time = time.time()

    def __call__(self) -> float:
        return self.time


class StorageSuite(Base):
    """What the suites share: a back-end that is open during the test."""

    wall: Wall
    backend: Backend
    _folder: Path | None = None

    def make(self) -> Backend:
        """A back-end, not opened; a second one made in the same test finds the first one's data.

        It reads the time from `self.wall`, if it can be told to.
        """
        raise NotImplementedError

    def folder(self) -> Path:
        """The same new folder for all back-ends of a test."""
        if self._folder is None:
            self._folder = Path(self.mktemp())
            self._folder.mkdir(parents=True)
        return self._folder

    def setUp(self) -> Any:
        if not isinstance(self, unittest.TestCase):
            # others await nothing, and would call every test a success
            raise TypeError("the suites are for twisted.trial.unittest.TestCase")
        self.wall = Wall()
        self.backend = self.make()
        self.addCleanup(lambda: self.backend.close())
        return self.backend.open()

    async def reopen(self) -> None:
        """Close and open again, if the back-end claims to survive that."""
        if PROCESS not in self.backend.features:
            return
        await self.backend.close()
        self.backend = self.make()
        await self.backend.open()

    def need(self, feature: str) -> None:
        if feature not in self.backend.features:
            raise SkipTest(f"does not claim {feature!r}")

    def restored(self, copy: Path) -> Backend:
        """A back-end, not opened, made of what `backup` wrote; by default that is not tested."""
        raise SkipTest("the suite was not told how a backup is put back")

    async def fails(self, problem: type[StorageError], what: Awaitable[Any]) -> StorageError:
        try:
            found = await what
        except problem as caught:
            return caught
        raise self.failureException(f"no {problem.__name__} but {found!r}")
