"""What people call a room."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class Name(Option):
    """What people call the room."""

    fields = (Field("name", str, "", "Name of the room", longest=200),)

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The name, be there one or not."""
        return {"name": config["name"]}
