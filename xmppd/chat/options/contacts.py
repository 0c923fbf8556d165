"""Whom to ask about a room."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class Contacts(Option):
    """Whom to ask about the room."""

    fields = (Field("contacts", tuple, (), "Whom to ask about the room", most=20, longest=3_071),)

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Who they are, where somebody is named."""
        return {"contacts": config["contacts"]} if config["contacts"] else {}
