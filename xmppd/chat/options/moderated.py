"""A room where not everybody may speak."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.model import Affiliation
from xmppd.chat.option import Field, Option
from xmppd.chat.rights import Need, Right


class Moderated(Option):
    """Who comes without an affiliation has no voice."""

    fields = (Field("moderated", bool, False, "Only those with voice may speak"),)

    def moves(self, config: Mapping[str, Any]) -> Mapping[Right, Need]:
        """Voice from the start takes a member."""
        return {Right.HAVE_VOICE: Affiliation.MEMBER} if config["moderated"] else {}
