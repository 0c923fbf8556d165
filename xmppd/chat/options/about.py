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


class Contacts(Option):
    """Whom to ask about the room."""

    fields = (Field("contacts", tuple, (), "Whom to ask about the room", most=20, longest=3_071),)


class Published(Option):
    """What is said in the room is published, as those who come are told. Somebody else does it."""

    fields = (
        Field("published", bool, False, "What is said is published elsewhere"),
        Field("published_at", str, "", "Where what is said is published"),
    )


class Feed(Option):
    """A publish-subscribe node goes with the room (XEP-0060)."""

    fields = (Field("feed", str, "", "Publish-subscribe node that goes with the room"),)
