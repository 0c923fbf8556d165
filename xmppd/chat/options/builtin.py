"""The options that come with xmppd, beside those that every room has."""

from xmppd.chat.option import Option
from xmppd.chat.options.broadcast import Broadcast
from xmppd.chat.options.contacts import Contacts
from xmppd.chat.options.description import Description
from xmppd.chat.options.feed import Feed
from xmppd.chat.options.fixed_nicks import FixedNicks
from xmppd.chat.options.language import Language
from xmppd.chat.options.member_list import MemberList
from xmppd.chat.options.open_topic import OpenTopic
from xmppd.chat.options.tell_absent import TellAbsent
from xmppd.chat.options.whispers import Whispers

BUILTIN: tuple[type[Option], ...] = (
    Description,
    Language,
    Contacts,
    Feed,
    Broadcast,
    MemberList,
    FixedNicks,
    OpenTopic,
    Whispers,
    TellAbsent,
)
