"""The options that every room has."""

from xmppd.chat.option import Option
from xmppd.chat.options.about import (
    Contacts,
    Feed,
    Hidden,
    History,
    Name,
    Persistent,
    Published,
)
from xmppd.chat.options.access import Limit, MembersOnly, Password
from xmppd.chat.options.archive import Archive
from xmppd.chat.options.membership import Invites, Registration
from xmppd.chat.options.nicks import FixedNicks
from xmppd.chat.options.sight import AbsentMembers, Broadcast, Identities, MemberList
from xmppd.chat.options.talk import Moderated, OpenTopic, VoiceRequests, Whispers
from xmppd.chat.options.telling import TellAbsent

CORE: tuple[Option, ...] = (
    Name(),
    Persistent(),
    Hidden(),
    Password(),
    MembersOnly(),
    Limit(),
    Moderated(),
    Identities(),
    Broadcast(),
    AbsentMembers(),
    MemberList(),
    FixedNicks(),
    OpenTopic(),
    Whispers(),
    Invites(),
    VoiceRequests(),
    Registration(),
    History(),
    Archive(),
    Published(),
    TellAbsent(),
    Contacts(),
    Feed(),
)
