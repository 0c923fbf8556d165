"""The options that every room has."""

from xmppd.chat.option import Option
from xmppd.chat.options.about import Hidden, History, Name, Persistent
from xmppd.chat.options.access import Limit, MembersOnly, Password
from xmppd.chat.options.archive import Archive
from xmppd.chat.options.membership import Invites, Registration
from xmppd.chat.options.sight import Identities
from xmppd.chat.options.talk import Moderated, OpenTopic, VoiceRequests, Whispers

CORE: tuple[Option, ...] = (
    Name(),
    Persistent(),
    Hidden(),
    Password(),
    MembersOnly(),
    Limit(),
    Moderated(),
    Identities(),
    OpenTopic(),
    Whispers(),
    Invites(),
    VoiceRequests(),
    Registration(),
    History(),
    Archive(),
)
