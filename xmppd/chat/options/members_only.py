"""A room for members."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Affiliation
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class MembersOnly(Option):
    """Only members may come in."""

    fields = (Field("members_only", bool, False, "Only members may enter"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Entering takes a member."""
        return {Right.ENTER: Affiliation.MEMBER} if config["members_only"] else {}
