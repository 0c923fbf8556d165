"""A feed that goes with a room."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class Feed(Option):
    """A publish-subscribe node goes with the room (XEP-0060)."""

    fields = (Field("feed", str, "", "Publish-subscribe node that goes with the room"),)

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Which one, where there is one."""
        return {"feed": config["feed"]} if config["feed"] else {}
