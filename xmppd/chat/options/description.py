"""What a room is about."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class Description(Option):
    """What the room is about."""

    fields = (Field("description", str, "", "What the room is about"),)

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The description; without one the name says it."""
        return {"description": config["description"] or config["name"]}
