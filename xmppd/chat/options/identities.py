"""Who sees real addresses."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Affiliation, Role
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class Identities(Option):
    """Who sees real addresses; where everybody does, members may also read the lists."""

    fields = (
        Field(
            "identities",
            str,
            "moderators",
            "Who may see real addresses",
            {"moderators": "Moderators only", "everyone": "Anyone"},
        ),
    )

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Seeing addresses takes no more than being there."""
        if config["identities"] != "everyone":
            return {}
        lists = (Right.READ_MEMBERS, Right.READ_ADMINS)
        return {Right.SEE_ADDRESSES: Role.VISITOR, **dict.fromkeys(lists, Affiliation.MEMBER)}
