"""Who may set the topic of a room."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Role
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class OpenTopic(Option):
    """Not only moderators set the topic."""

    fields = (Field("open_topic", bool, False, "Participants may change the subject"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Setting the topic takes a participant."""
        return {Right.SET_TOPIC: Role.PARTICIPANT} if config["open_topic"] else {}

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Whether it is so."""
        return {"open_topic": config["open_topic"]}
