"""`[muc]`: rooms (XEP-0045)."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from xmppd.app.config_key import Domain, key, table


@attrs.frozen
class RoomLimits:
    """How much one person may do in rooms; moderators are exempt within theirs.

    Several come at once after a quiet time. 0 stands for no limit.
    """

    enabled: bool = key("`false` lifts all of these; so does `c2s.limits.enabled = false`.", True)
    messages: int = key("Messages of one occupant a second, after 50 at once.", 10, least=0)
    presences: int = key("Changes of presence or nick a second, after 20 at once.", 2, least=0)
    joins: int = key(
        "Times a minute that one account enters the same room, after 30 at once.", 20, least=0
    )
    invitations: int = key(
        "People whom one account invites a minute, after 20 at once.", 10, least=0
    )
    creations: int = key("Rooms that one account makes an hour, after 20 at once.", 20, least=0)
    pages: int = key(
        "Pages of archives that one account is given a second, after 50 at once; it waits for "
        "the others.",
        5,
        least=0,
    )


@attrs.frozen
class Muc:
    """Rooms (XEP-0045)."""

    domain: Domain | None = key(
        "Domain of the rooms, such as `conference.example.com`; without it there are none.", None
    )
    name: str = key("What people call the service.", "Chatrooms")
    create: Literal["anyone", "local", "admins"] = key(
        "Who may make rooms: anyone, accounts of `domains`, or `admins` only.", "anyone"
    )
    most_rooms: int = key("Most rooms at once.", 100_000, least=1)
    most_occupants: int = key("Most occupants of a room.", 5_000, least=1)
    message_bytes: int = key(
        "Size of a message that rooms pass on, in bytes.", 65_536, least=10_000, most=16_777_216
    )
    presence_bytes: int = key(
        "Size of a presence that rooms pass on, in bytes.", 16_384, least=1_000, most=1_048_576
    )
    silence_seconds: int = key(
        "An occupant silent for so long is asked for a sign of life, and removed where its "
        "server says that it is gone.",
        900,
        least=60,
    )
    unload_seconds: int = key(
        "A room that lasts leaves the memory when nobody has been inside for so long.",
        600,
        least=60,
    )
    unopened_seconds: int = key(
        "A new room ends when its maker has not configured it for so long.", 3_600, least=60
    )
    gone_seconds: int = key(
        "For so long a room that its owner has destroyed is not made anew but by its owners; who "
        "comes is told where it has moved to.",
        86_400,
        least=0,
    )
    after_restart: Literal["tell", "readmit"] = key(
        "Who is inside when the service ends is told so, or is inside again after a restart.",
        "tell",
    )
    limits: RoomLimits = table("How much one person may do in rooms.", RoomLimits)
    archive_days: int = key(
        "Days that archives of rooms keep what was said; 0: for good.", 0, least=0
    )
    archive_messages: int = key(
        "Messages that the archive of a room keeps; 0: all of them.", 0, least=0
    )
    options: Mapping[str, bool] = key(
        "Which options rooms have: those that come with xmppd unless `false` is said, those of "
        "entry points where `true` is.",
        attrs.Factory(dict),
    )
    defaults: Mapping[str, Any] = key(
        "What rooms are like whose owners have said nothing: values by the options' fields.",
        attrs.Factory(dict),
    )
