"""What people are told who come later."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class History(Option):
    """How many messages those who come are told."""

    fields = (Field("history", int, 20, "Messages that newcomers are sent", most=500),)

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """How many they can have."""
        return {"history": config["history"]}
