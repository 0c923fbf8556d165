"""What a room is called, whether it is listed, whether it lasts, what it remembers."""

from xmppd.chat.option import Field, Option


class Name(Option):
    """What people call the room, and what it is about."""

    fields = (
        Field("name", str, "", "Name of the room", longest=200),
        Field("description", str, "", "What the room is about"),
        Field("language", str, "", "Language spoken in the room", longest=35),
    )


class Hidden(Option):
    """The room is not listed."""

    fields = (Field("hidden", bool, False, "The room is not listed"),)


class Persistent(Option):
    """The room lasts though nobody is in it."""

    fields = (Field("persistent", bool, False, "The room lasts when the last one leaves"),)


class History(Option):
    """How many messages those who come are told."""

    fields = (Field("history", int, 20, "Messages that newcomers are sent", most=500),)
