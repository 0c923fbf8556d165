"""Who may read the list of members."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Role
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class MemberList(Option):
    """Occupants of some roles may read the list of members."""

    fields = (
        Field(
            "member_list",
            tuple,
            (),
            "Roles that may see the list of members",
            {"moderator": "Moderators", "participant": "Participants", "visitor": "Visitors"},
            most=3,
        ),
    )

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Seeing members takes the least of these roles."""
        roles = [Role[name.upper()] for name in config["member_list"]]
        return {Right.SEE_MEMBERS: min(roles)} if roles else {}
