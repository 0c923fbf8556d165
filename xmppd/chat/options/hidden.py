"""Whether a room is listed."""

from xmppd.chat.option import Field, Option


class Hidden(Option):
    """The room is not listed."""

    fields = (Field("hidden", bool, False, "The room is not listed"),)
