"""Whether people are told of members who are not there."""

from xmppd.chat.option import Field, Option


class AbsentMembers(Option):
    """Who comes is told of members too who are not there and have a nick reserved."""

    fields = (Field("absent_members", bool, False, "Members are shown who are not there"),)
