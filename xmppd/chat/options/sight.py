"""Who sees whom: addresses, and lists of members."""

from collections.abc import Collection, Mapping
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


class Broadcast(Option):
    """Occupants of some roles are seen by moderators only."""

    fields = (
        Field(
            "broadcast",
            tuple,
            ("moderator", "participant", "visitor"),
            "Roles whose presence all others see",
            {
                "moderator": "Moderators",
                "participant": "Participants",
                "visitor": "Visitors",
            },
            most=3,
        ),
    )

    def hides(self, config: Mapping[str, Any]) -> Collection[Role]:
        """All roles that are not named."""
        present = (Role.MODERATOR, Role.PARTICIPANT, Role.VISITOR)
        return [role for role in present if role.name.lower() not in config["broadcast"]]


class AbsentMembers(Option):
    """Who comes is told of members too who are not there and have a nick reserved."""

    fields = (Field("absent_members", bool, False, "Members are shown who are not there"),)


class MemberList(Option):
    """Occupants of some roles may read the list of members."""

    fields = (
        Field(
            "member_list",
            tuple,
            (),
            "Roles that may see the list of members",
            {
                "moderator": "Moderators",
                "participant": "Participants",
                "visitor": "Visitors",
            },
            most=3,
        ),
    )

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Seeing members takes the least of these roles."""
        roles = [Role[name.upper()] for name in config["member_list"]]
        return {Right.SEE_MEMBERS: min(roles)} if roles else {}
