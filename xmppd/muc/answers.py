"""When who asked for something learns that it is done (XEP-0045, 8 to 10)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from xmppd.chat.commands import Command, Register, SetRoles, SetStandings, Unregister
from xmppd.chat.events import Left
from xmppd.chat.model import Sight
from xmppd.chat.outcome import Notice


def place(command: Command, notices: Sequence[Notice]) -> int:
    """Before which of the notices the answer stands.

    Who is kicked is told first, then the moderator, then the others (8.2); of voice and of
    affiliations the asker learns before anybody else (8.3, 8.4, 9); of the rest last (10.9).
    """
    if isinstance(command, SetStandings | Register | Unregister):
        return 0
    if isinstance(command, SetRoles):
        return sum(1 for _ in takewhile(_tells_who_is_out, notices))
    return len(notices)


def _tells_who_is_out(notice: Notice) -> bool:
    return isinstance(notice.event, Left) and notice.sight is Sight.SELF
