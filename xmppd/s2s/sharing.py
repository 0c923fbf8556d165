"""One stream for several pairs of domains, each of which is proved by a key (XEP-0220, 2.6).

A pair goes over a stream of another one only where it would else open one to the same place and
prove itself there just so, by dialback: where a certificate of ours has been taken, or the remote
has shown a valid one that is not for this domain, a stream of its own proves more. Managed streams
are not shared, for only what one pair has sent could be resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from xmppd.s2s.dialback import Dialback
from xmppd.s2s.outgoing import Outgoing
from xmppd.s2s.policy import fits
from xmppd.s2s.race import Place
from xmppd.s2s.resolver import NoAnswer, NotFound

if TYPE_CHECKING:
    from xmppd.s2s.pair import Pair

ANSWER_SECONDS: Final = 10
"""So long the remote may take to verify a key; then there is a stream of its own for the pair."""


class Sharing:
    """What a pair does to have a place on a stream that another pair has opened."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._domains = pair.local.domain, pair.remote.domain
        self._waiting: Deferred[bool] | None = None

    async def join(self) -> bool:
        """Prove our domain on such a stream; whether stanzas go over it now."""
        stream = await self._find() if self._is_enough else None
        if stream is None or not self._is_enough:
            return False
        self._waiting = self._ask(stream)
        return await self._waiting

    def hurry(self) -> None:
        """Wait for no answer: a stream of its own is wanted now."""
        if self._waiting is not None and not self._waiting.called:
            self._waiting.callback(False)

    @property
    def _is_enough(self) -> bool:
        """Whether it would do: keys are verified on a stream of its own, and nobody else's session
        is resumed. Were keys to wait, two servers that ask each other would wait for each other."""
        pair = self._pair
        return pair.lacks_way and not pair.resumption.blocks and not pair.is_to_verify

    async def _find(self) -> Outgoing | None:
        live = self._pair.edge.live
        streams = [each for each in live if isinstance(each, Outgoing) and self._may_share(each)]
        remote = self._pair.remote
        for stream in streams:
            if stream.remote == remote:
                return stream
        return await self._at_its_place(streams) if streams else None

    def _may_share(self, stream: Outgoing) -> bool:
        """Whether a stream of its own would prove no more; places are not looked at."""
        if not stream.takes_others or self._domains in stream.refused:
            return False
        remote = self._pair.remote
        is_sound = stream.has_certificate(remote) or not stream.has_certificate(stream.remote)
        return is_sound and fits(stream, remote)

    async def _at_its_place(self, streams: list[Outgoing]) -> Outgoing | None:
        """One with the server that would be connected to first."""
        pair = self._pair
        try:
            async for places in pair.edge.connector.places(pair.remote):
                wanted = set(map(_address, places))
                return next((each for each in streams if each.where in wanted), None)
        except (NotFound, NoAnswer):
            pass  # that is told of where a stream is opened
        return None

    def _ask(self, stream: Outgoing) -> Deferred[bool]:
        """Send a key, only once; gives whether it is found valid in time."""
        local, remote = self._pair.local, self._pair.remote
        stream.refused.add(self._domains)
        key = self._pair.edge.keys.key(remote, local, stream.id)
        waiting: Deferred[bool] = Deferred()
        waiting.addTimeout(ANSWER_SECONDS, self._pair.edge.clock, lambda *_: False)
        answered: Deferred[str] = Deferred()
        answered.addCallback(self._answered, stream, waiting)
        stream.verify(Dialback("result", local, remote, "", "", key), answered)
        return waiting

    def _answered(self, outcome: str, stream: Outgoing, waiting: Deferred[bool]) -> None:
        """Whoever has found it valid makes use of that, however late it is (XEP-0288, 2.2)."""
        holds = not stream.over and fits(stream, self._pair.remote)  # so that another policy counts
        taken = outcome == "valid" and holds and stream.take_in(self._pair)
        if taken:
            stream.refused.discard(self._domains)
        if not waiting.called:
            waiting.callback(taken)


def _address(place: Place) -> str:
    """As a connection tells of it."""
    return f"{place.host}:{place.port}"
