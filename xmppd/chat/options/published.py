"""Whether what is said in a room is published."""

from collections.abc import Mapping
from typing import Any

from xmppd.chat.option import Field, Option


class Published(Option):
    """What is said in the room is published, as those who come are told. Somebody else does it."""

    fields = (
        Field("published", bool, False, "What is said is published elsewhere"),
        Field("published_at", str, "", "Where what is said is published"),
    )

    def shows(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where it is to be read."""
        where = config["published"] and config["published_at"]
        return {"published_at": where} if where else {}
