"""The reactor as one server sees it, so that what it puts off ends with it."""

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from twisted.internet.interfaces import IDelayedCall


class OwnTime:
    """Everything that a reactor offers; `forget` cancels the calls that were put off through it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        # What has been called or cancelled is let go of by the reactor, and so by us.
        self._later: WeakSet[Any] = WeakSet()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def callLater(
        self, delay: float, call: Callable[..., object], *args: object, **named: object
    ) -> IDelayedCall:
        """As the reactor's."""
        made: IDelayedCall = self._reactor.callLater(delay, call, *args, **named)
        self._later.add(made)
        return made

    def forget(self) -> None:
        """Cancel what is still to be called."""
        for each in list(self._later):
            if each.active():
                each.cancel()
