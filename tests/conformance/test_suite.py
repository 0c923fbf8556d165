"""The kit itself: it is not fooled."""

from __future__ import annotations

import unittest

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.documents import DocumentSuite
from xmppd.storage.memory import MemoryStore


class Plain(DocumentSuite):
    def make(self) -> MemoryStore:
        return MemoryStore(Clock(), now=self.wall)


class KitTest(SynchronousTestCase):
    def test_wrong_test_case(self) -> None:
        """A test case that awaits nothing would let every back-end pass: it is refused."""
        for other in (unittest.TestCase, SynchronousTestCase):
            case = type("Wrong", (Plain, other), {})
            result = unittest.TestResult()
            case("test_absent").run(result)
            self.assertEqual((len(result.errors), result.wasSuccessful()), (1, False))
