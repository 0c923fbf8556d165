"""Order: what must wait for something that is not done yet."""

from typing import Any

from twisted.internet.defer import Deferred


def unfinished(work: Deferred[Any]) -> Deferred[Any] | None:
    """The Deferred itself while it waits for something, None once it has its result."""
    return None if work.called and not work.paused else work
