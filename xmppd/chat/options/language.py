"""Which language people speak in a room."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class Language(Option):
    """Which language is spoken in the room."""

    fields = (Field("language", str, "", "Language spoken in the room", longest=35),)

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The language, where it is named."""
        return {"language": config["language"]} if config["language"] else {}
