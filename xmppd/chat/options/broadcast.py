"""Whose presence others see."""

from collections.abc import Collection, Mapping
from typing import Any

from xmppd.chat.model import Role
from xmppd.chat.option import Field, Option


class Broadcast(Option):
    """Occupants of some roles are seen by moderators only."""

    fields = (
        Field(
            "broadcast",
            tuple,
            ("moderator", "participant", "visitor"),
            "Roles whose presence all others see",
            {"moderator": "Moderators", "participant": "Participants", "visitor": "Visitors"},
            most=3,
        ),
    )

    def hides(self, config: Mapping[str, Any]) -> Collection[Role]:
        """All roles that are not named."""
        present = (Role.MODERATOR, Role.PARTICIPANT, Role.VISITOR)
        return [role for role in present if role.name.lower() not in config["broadcast"]]
