"""Who may invite to a room for members."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Affiliation
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class MembersInvite(Option):
    """To a members-only room admins invite, unless members may too."""

    fields = (Field("members_invite", bool, False, "Members may invite to a members-only room"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Inviting to a members-only room takes a member."""
        return {Right.INVITE_MEMBERS: Affiliation.MEMBER} if config["members_invite"] else {}
