"""The options that every room has: rooms and those who keep them rely on these."""

from xmppd.chat.option import Option
from xmppd.chat.options.absent_members import AbsentMembers
from xmppd.chat.options.archive import Archive
from xmppd.chat.options.hidden import Hidden
from xmppd.chat.options.history import History
from xmppd.chat.options.identities import Identities
from xmppd.chat.options.limit import Limit
from xmppd.chat.options.lock import Lock
from xmppd.chat.options.members_invite import MembersInvite
from xmppd.chat.options.members_only import MembersOnly
from xmppd.chat.options.moderated import Moderated
from xmppd.chat.options.name import Name
from xmppd.chat.options.password import Password
from xmppd.chat.options.persistent import Persistent
from xmppd.chat.options.published import Published
from xmppd.chat.options.registration import Registration
from xmppd.chat.options.voice_requests import VoiceRequests

CORE: tuple[type[Option], ...] = (
    Lock,
    Name,
    Persistent,
    Hidden,
    Password,
    MembersOnly,
    MembersInvite,
    Limit,
    Moderated,
    VoiceRequests,
    Identities,
    AbsentMembers,
    Registration,
    History,
    Archive,
    Published,
)
