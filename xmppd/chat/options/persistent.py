"""Whether a room lasts."""

from xmppd.chat.option import Field, Option


class Persistent(Option):
    """The room lasts though nobody is in it."""

    fields = (Field("persistent", bool, False, "The room lasts when the last one leaves"),)
