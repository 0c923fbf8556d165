"""The extensions that come with xmppd."""

from xmppd.component.extension import Extension
from xmppd.extensions.administration import Administration
from xmppd.extensions.archive import Archive
from xmppd.extensions.archive_preferences import ArchivePreferences
from xmppd.extensions.blocking import Blocking
from xmppd.extensions.caps import Caps
from xmppd.extensions.carbons import Carbons
from xmppd.extensions.client_state import ClientState
from xmppd.extensions.commands import Commands
from xmppd.extensions.contact_addresses import ContactAddresses
from xmppd.extensions.cputime import CpuTime
from xmppd.extensions.disco import Disco
from xmppd.extensions.echo import Echo
from xmppd.extensions.entity_time import EntityTime
from xmppd.extensions.last_activity import LastActivity
from xmppd.extensions.motd import Motd
from xmppd.extensions.offline import Offline
from xmppd.extensions.ping import Ping
from xmppd.extensions.privacy import Privacy
from xmppd.extensions.privacy_lists import PrivacyLists
from xmppd.extensions.private_storage import PrivateStorage
from xmppd.extensions.push import Push
from xmppd.extensions.registration import Registration
from xmppd.extensions.reports import Reports
from xmppd.extensions.retraction import Retraction
from xmppd.extensions.session_elements import SessionElements
from xmppd.extensions.stanza_ids import StanzaIds
from xmppd.extensions.stream_management import StreamManagement
from xmppd.extensions.vcard import VCard
from xmppd.extensions.vcard_avatar import VCardAvatar
from xmppd.extensions.version import SoftwareVersion
from xmppd.sm.roster import Roster

BUILTIN: tuple[type[Extension], ...] = (
    Roster,
    Privacy,
    PrivacyLists,
    Blocking,
    Reports,
    SessionElements,
    StreamManagement,
    Disco,
    Caps,
    StanzaIds,
    Offline,
    ArchivePreferences,
    Archive,
    Retraction,
    Carbons,
    ClientState,
    Push,
    Ping,
    SoftwareVersion,
    EntityTime,
    LastActivity,
    PrivateStorage,
    VCard,
    VCardAvatar,
    Registration,
    ContactAddresses,
    Commands,
    Administration,
    Motd,
    CpuTime,
    Echo,
)
