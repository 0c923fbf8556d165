"""Whether what is said is kept for good, and who may read it later."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Affiliation
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class Archive(Option):
    """A room that lasts keeps what is said in it; whoever could enter now may read that."""

    fields = (Field("archive", bool, True, "Conversations are archived"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Reading from outside takes a member where not everybody gets in."""
        closed = config["members_only"] or config["password"]
        return {Right.READ_ARCHIVE: Affiliation.MEMBER} if closed else {}
