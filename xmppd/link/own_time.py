"""The reactor as one server sees it, so that what it puts off ends with it."""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

FEW = 1_000


class OwnTime:
    """Everything that a reactor offers; `forget` cancels the calls that were put off through it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._later: list[IDelayedCall] = []
        self._many = FEW  # when to look through them

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def callLater(
        self, delay: float, call: Callable[..., object], *args: object, **named: object
    ) -> IDelayedCall:
        """As the reactor's."""
        if len(self._later) > self._many:
            self._later = [each for each in self._later if each.active()]
            self._many = 2 * len(self._later) + FEW
        made: IDelayedCall = self._reactor.callLater(delay, call, *args, **named)
        self._later.append(made)
        return made

    def forget(self) -> None:
        """Cancel what is still to be called."""
        later, self._later = self._later, []
        for each in later:
            if each.active():
                each.cancel()
