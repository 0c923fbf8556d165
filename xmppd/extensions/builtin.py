"""The extensions that come with xmppd, in the order in which disco shows them."""

from xmppd.component.extension import Extension
from xmppd.sm.roster import Roster

BUILTIN: tuple[type[Extension], ...] = (Roster,)
