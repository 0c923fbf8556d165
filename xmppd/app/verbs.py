"""All that an administrator can have done, whatever way it is asked for."""

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from xmppd.app.config_key import ConfigError
from xmppd.app.config_words import shown, suggestion
from xmppd.app.ctl_accounts import adduser, adduser_batch, deluser, disable, enable, passwd
from xmppd.app.ctl_announce import announce, motd_delete, motd_edit, motd_set, motd_show
from xmppd.app.ctl_checks import check_certs, check_config
from xmppd.app.ctl_reports import report_list
from xmppd.app.ctl_rooms import (
    muc_affiliation,
    muc_affiliations,
    muc_create,
    muc_destroy,
    muc_get,
    muc_kick,
    muc_list,
    muc_occupants,
    muc_set,
)
from xmppd.app.ctl_router import bind, link_list, route_explain, route_list, unbind
from xmppd.app.ctl_server import backup, reload
from xmppd.app.ctl_servers import s2s_check, s2s_close, s2s_list, s2s_route
from xmppd.app.ctl_sessions import kick, sessions
from xmppd.app.ctl_status import status
from xmppd.app.ctl_users import STATES, roster, user, users
from xmppd.app.ctl_verb import Parameter, Refused, Role, Tell, Verb
from xmppd.app.ctl_watch import MOST_SECONDS, watch_stanzas
from xmppd.storage.interfaces import StorageError
from xmppd.tls.certificate_files import CertificateError

_JID = Parameter("jid", "jid", "The account; without a domain, of the first domain.")
_REMOTE = Parameter("domain", "domain", "The domain of the other server.")
_ROOM = Parameter("room", "jid", "The room; without a domain, of the configured one.")
_PASSWORD = Parameter("password", "password", "The password.")
_SAID = Parameter("text", "text", "What is to be said.")
_WHERE = Parameter(
    "domain", "domain", "Only to those of this domain.", False, "--to", metavar="DOMAIN"
)
_MOST = Parameter("most", "number", "How many at most.", required=False, flag="--most")
_LINK = Parameter("link", "link", "The link, by its name.")
_WAY = (
    Parameter("sender", "jid", "Who would send it.", metavar="FROM"),
    Parameter("to", "jid", "Whom it would be for."),
)
_ROUTED = Parameter("domain", "domain", "The domain, or a wildcard such as *.example.com.")

_log = Logger()

NO_ROOMS = "no rooms here (set muc.domain, or ask who keeps them: --instance muc-1)"

VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "adduser",
            "Add an account.",
            adduser,
            (_JID, _PASSWORD),
            changes=True,
        ),
        Verb(
            "adduser_batch",
            "Add many accounts.",
            adduser_batch,
            (Parameter("accounts", "accounts", "JIDs and their passwords."),),
            seconds=600,
            changes=True,
        ),
        Verb(
            "passwd",
            "Change an account's password and end its sessions.",
            passwd,
            (_JID, _PASSWORD),
            changes=True,
        ),
        Verb(
            "deluser",
            "Remove an account with all that is kept of it.",
            deluser,
            (_JID,),
            changes=True,
        ),
        Verb(
            "disable",
            "Forbid an account to log in, and end its sessions.",
            disable,
            (_JID,),
            changes=True,
        ),
        Verb(
            "enable",
            "Let an account that was disabled log in again.",
            enable,
            (_JID,),
            changes=True,
        ),
        Verb(
            "users",
            "List accounts.",
            users,
            (
                Parameter("domain", "domain", "Only those of this domain.", required=False),
                Parameter("state", "text", "Only those of that state.", False, "--state", STATES),
                _MOST,
            ),
            seconds=600,
        ),
        Verb("user", "Tell how an account is.", user, (_JID,)),
        Verb("roster", "List the contacts of an account.", roster, (_JID,)),
        Verb(
            "announce",
            "Send a message to everybody who is online.",
            announce,
            (_SAID, _WHERE),
            needs="server",
            changes=True,
        ),
        Verb("motd_show", "Tell the message of the day.", motd_show, (_WHERE,)),
        Verb(
            "motd_set",
            "Give a message of the day: everybody is told it once, those online now.",
            motd_set,
            (_SAID, _WHERE),
            changes=True,
        ),
        Verb(
            "motd_edit",
            "Change the message of the day for those who have not been told it.",
            motd_edit,
            (_SAID, _WHERE),
            changes=True,
        ),
        Verb(
            "motd_delete",
            "End the message of the day.",
            motd_delete,
            (_WHERE,),
            changes=True,
        ),
        Verb(
            "sessions",
            "List sessions.",
            sessions,
            (
                Parameter(
                    "jid",
                    "jid",
                    "Only of this domain or account.",
                    required=False,
                    metavar="[DOMAIN|JID]",
                ),
            ),
            needs="server",
        ),
        Verb(
            "kick",
            "Close the streams of an account.",
            kick,
            (Parameter("jid", "jid", "The account, or one of its sessions by its full JID."),),
            needs="server",
            changes=True,
        ),
        Verb("status", "Tell how the server is.", status, needs="server", role="any"),
        Verb(
            "s2s_list",
            "List the streams with other servers.",
            s2s_list,
            (Parameter("domain", "domain", "Only those with this domain.", required=False),),
            needs="server",
            role="servers",
        ),
        Verb(
            "s2s_close",
            "Close the streams with a domain.",
            s2s_close,
            (_REMOTE,),
            needs="server",
            role="servers",
            changes=True,
        ),
        Verb(
            "s2s_check",
            "Try the server of a domain: where it is, its certificate, what proves us there.",
            s2s_check,
            (_REMOTE,),
            needs="server",
            role="servers",
            seconds=120,
        ),
        Verb(
            "s2s_route",
            "Tell how a stanza for another server would go on.",
            s2s_route,
            _WAY,
            needs="server",
            role="servers",
        ),
        Verb(
            "reload",
            "Read the configuration again, in every process here.",
            reload,
            needs="server",
            role="any",
            who="owner",
            changes=True,
        ),
        Verb(
            "check_config",
            "Look for what is wrong with the configuration.",
            check_config,
            needs="files",
            who="owner",
        ),
        Verb(
            "check_certs",
            "Look for what is wrong with certificates.",
            check_certs,
            needs="files",
            who="owner",
        ),
        Verb(
            "report_list",
            "List reports of spam and abuse, the newest last.",
            report_list,
            (
                Parameter("domain", "domain", "Only those of this domain.", False, "--domain"),
                _MOST,
            ),
        ),
        Verb("muc_list", "List rooms.", muc_list, role="rooms"),
        Verb(
            "muc_create",
            "Make a room that lasts.",
            muc_create,
            (_ROOM, Parameter("owner", "jid", "The account that owns it.")),
            role="rooms",
            changes=True,
        ),
        Verb(
            "muc_destroy",
            "End a room.",
            muc_destroy,
            (_ROOM,),
            role="rooms",
            changes=True,
        ),
        Verb(
            "muc_affiliation",
            "Tell or change how an account stands to a room.",
            muc_affiliation,
            (
                _ROOM,
                Parameter("jid", "jid", "The account, or a domain to ban."),
                Parameter("affiliation", "text", "The new one.", required=False),
            ),
            role="rooms",
            changes=True,
        ),
        Verb(
            "muc_affiliations",
            "List who stands how to a room.",
            muc_affiliations,
            (_ROOM,),
            role="rooms",
        ),
        Verb("muc_occupants", "List who is inside a room.", muc_occupants, (_ROOM,), role="rooms"),
        Verb(
            "muc_kick",
            "Remove an occupant from a room.",
            muc_kick,
            (
                _ROOM,
                Parameter("nick", "text", "Who wears this nick."),
                Parameter("reason", "text", "Why; everybody in the room is told.", required=False),
            ),
            role="rooms",
            changes=True,
        ),
        Verb(
            "muc_config_get",
            "Tell the configuration of a room, or one option.",
            muc_get,
            (_ROOM, Parameter("option", "text", "The option.", required=False)),
            role="rooms",
        ),
        Verb(
            "muc_config_set",
            "Change an option of a room.",
            muc_set,
            (
                _ROOM,
                Parameter("option", "text", "The option."),
                Parameter("value", "text", "What it is to be; several with commas between."),
            ),
            role="rooms",
            changes=True,
        ),
        Verb(
            "backup",
            "Write a copy of all that is kept.",
            backup,
            (Parameter("file", "file", "A file that does not exist yet."),),
            role="any",
            who="owner",
            seconds=3600,
            changes=True,
        ),
        Verb(
            "link_list", "List the links of the router.", link_list, needs="server", role="router"
        ),
        Verb("route_list", "List the routes.", route_list, needs="server", role="router"),
        Verb(
            "route_explain",
            "Tell the way of a stanza between two addresses.",
            route_explain,
            _WAY,
            needs="server",
            role="router",
        ),
        Verb(
            "bind",
            "Route a domain to a link, until the router stops.",
            bind,
            (_LINK, _ROUTED),
            needs="server",
            role="router",
            who="owner",
            changes=True,
        ),
        Verb(
            "unbind",
            "Take a domain from a link: what is sent there bounces.",
            unbind,
            (_LINK, _ROUTED),
            needs="server",
            role="router",
            who="owner",
            changes=True,
        ),
        Verb(
            "watch_stanzas",
            "Show the stanzas from and to an address or a domain, as they pass the router.",
            watch_stanzas,
            (
                Parameter("jid", "jid", "The address, with or without a resource, or a domain."),
                Parameter("seconds", "number", "For how long.", required=False),
                Parameter("stanzas", "number", "How many at most.", required=False),
                Parameter("bodies", "flag", "With what they say.", required=False),
            ),
            needs="server",
            role="router",
            who="owner",
            seconds=MOST_SECONDS + 30,
            streams=True,
        ),
    )
}


def perform(
    server: Any, name: str, args: Mapping[str, Any], tell: Tell | None = None
) -> Deferred[Any]:
    """Carry out a verb; gives what it gives, or fails with `Refused` and a line for people.

    `tell` is called with the parts of what comes bit by bit; cancelling ends that.
    """
    return Deferred.fromCoroutine(_perform(server, name, args, tell))


def check_role(verb: Verb, role: Role) -> None:
    """Raise `Refused` if this process is not the one that can do it."""
    if verb.role == "sessions" and not hasattr(role, "manager"):
        raise Refused(f"{verb.command}: ask the process that keeps the accounts (--instance sm-1)")
    if verb.role == "servers" and not hasattr(role, "federation"):
        raise Refused(f"{verb.command}: ask the process that talks to servers (--instance s2s-1)")
    if verb.role == "router" and not hasattr(role, "router"):
        raise Refused(f"{verb.command}: ask the router (--instance router)")
    if verb.role == "rooms" and getattr(role, "rooms", None) is None:
        raise Refused(NO_ROOMS)


async def _perform(server: Any, name: str, args: Mapping[str, Any], tell: Tell | None) -> Any:
    verb = VERBS.get(name)
    if verb is None:
        raise Refused(f"no such verb: {shown(name)} ({suggestion(name, VERBS)})")
    check_role(verb, server)
    given = verb.checked(args)
    if verb.streams:
        if tell is None:
            raise Refused(f"{name}: only where its parts can be shown as they come (xmppctl)")
        given["tell"] = tell
    try:
        result = await verb.call(server, **given)
    except StorageError as problem:
        raise Refused(problem.detail or str(problem)) from None
    except (ConfigError, CertificateError) as problem:
        raise Refused(str(problem)) from None
    if verb.changes:
        _log.info("administration: {what}", what=" ".join((verb.command, *verb.subjects(given))))
    return result
