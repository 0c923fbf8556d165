"""The stages a stanza passes, and the moments of a session's life: all places for hooks.

| stage | Sent: client to world | Received: world to account | a hook may return |
|---|---|---|---|
| CHECK | rate, blocked, malformed | blocked by the owner | None, DROP, or raise StanzaError |
| MARK | - | strip spoofed ids, add ids, delay | None or a changed Stanza |
| PICK | who gets presence that goes to many | which sessions get it | None, addresses or sessions |
| NOTE | carbons sent, archive | carbons received, archive, counters | ignored |
| MISSED | - | nobody picked: offline, push | True: taken |

CHECK, MARK and MISSED may return an awaitable of the same; then that sender's later stanzas wait.
"""

from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum, auto
from typing import Any, Final

from twisted.internet.defer import Deferred

from xmppd.protocol.stanza import Stanza


class Sent(Enum):
    """What a session of ours sends. Hooks are called with (stanza, session).

    PICK hooks are given the addresses as third argument: of contacts to whom the server is about
    to send the session's presence, its unavailable presence or a probe in its name.
    """

    CHECK = auto()
    MARK = auto()
    PICK = auto()
    NOTE = auto()


class Received(Enum):
    """What comes for an account of ours. Hooks are called with (stanza, user).

    PICK and NOTE hooks are given the picked sessions as third argument. Messages and presence are
    picked for, messages are noted.
    """

    CHECK = auto()
    MARK = auto()
    PICK = auto()
    NOTE = auto()
    MISSED = auto()


class Life(Enum):
    """Moments of a session, told as they happen. Hooks are called with (session).

    LOADED is a moment of an account, and its hooks are called with (user): it is about to be in
    memory. They may return an awaitable: until that is done nothing is handled for the account,
    and where it fails the account cannot be loaded now.

    OPENED: bound. DETACHED: it has lost its stream, and waits for its client. RESUMED: its client
    has come back over another stream, to the session as it was, except that its client state is
    active again (XEP-0352). AVAILABLE: its initial presence has been sent. PRESENCE: any available
    presence was sent. UNAVAILABLE: it went offline or ended. CLOSED: it ended.
    """

    LOADED = auto()
    OPENED = auto()
    DETACHED = auto()
    RESUMED = auto()
    AVAILABLE = auto()
    PRESENCE = auto()
    UNAVAILABLE = auto()
    CLOSED = auto()


Stage = Sent | Received | Life


class _Drop(Enum):
    DROP = auto()


DROP: Final = _Drop.DROP
"""What CHECK returns for a stanza that is to vanish without an answer."""

Hook = Callable[..., Any]
Verdict = Stanza | _Drop | Deferred[Any]


def walk(hooks: tuple[Hook, ...], stanza: Stanza, subject: object) -> Verdict:
    """Take a stanza through CHECK and MARK hooks.

    Returns the stanza, perhaps changed; DROP; or a Deferred of one of these where a hook was not
    done at once. Raises the StanzaError that a hook raised.
    """
    for index, hook in enumerate(hooks):
        result: object = hook(stanza, subject)
        if result is None:
            continue
        if isinstance(result, Stanza):
            stanza = result
        elif result is DROP:
            return DROP
        else:
            return _walk_on(result, hooks[index + 1 :], stanza, subject)
    return stanza


def _walk_on(
    awaited: object, hooks: tuple[Hook, ...], stanza: Stanza, subject: object
) -> Deferred[Any]:
    """Have what the hook awaits decide as if the hook had returned it at once."""

    def decided(result: object) -> Verdict:
        return walk((lambda *_: result, *hooks), stanza, subject)

    return deferred(awaited).addCallback(decided)


def deferred(awaited: object) -> Deferred[Any]:
    """A Deferred of what a hook or handler may return: any awaitable. Raises TypeError."""
    if isinstance(awaited, Deferred):
        return awaited
    if isinstance(awaited, Coroutine):
        return Deferred.fromCoroutine(awaited)
    if isinstance(awaited, Awaitable):
        return Deferred.fromCoroutine(_awaiting(awaited))
    raise TypeError(f"not to be awaited: {type(awaited).__name__}")


async def _awaiting(awaited: Awaitable[Any]) -> Any:
    return await awaited
