"""What a room refuses, as errors of XMPP (XEP-0045)."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from xmppd.chat.outcome import Reason, Refused
from xmppd.muc.names import MUC
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza

Handler = Callable[[Any, Stanza], Awaitable[Stanza]]

_ERRORS: Mapping[Reason, tuple[str, str]] = {
    Reason.NO_NICK: ("modify", "jid-malformed"),
    Reason.BAD_NICK: ("modify", "jid-malformed"),
    Reason.NICK_TAKEN: ("cancel", "conflict"),
    Reason.NICK_FIXED: ("cancel", "not-acceptable"),
    Reason.BAD_PASSWORD: ("auth", "not-authorized"),
    Reason.BANNED: ("auth", "forbidden"),
    Reason.MEMBERS_ONLY: ("auth", "registration-required"),
    Reason.FULL: ("wait", "service-unavailable"),
    Reason.NO_ROOM: ("cancel", "item-not-found"),
    Reason.CREATION_CLOSED: ("cancel", "not-allowed"),
    Reason.NOT_INSIDE: ("cancel", "not-acceptable"),
    Reason.NO_VOICE: ("auth", "forbidden"),
    Reason.FORBIDDEN: ("auth", "forbidden"),
    Reason.OUTRANKED: ("cancel", "not-allowed"),
    Reason.SELF: ("cancel", "conflict"),
    Reason.LAST_OWNER: ("cancel", "conflict"),
    Reason.NO_OCCUPANT: ("cancel", "item-not-found"),
    Reason.NO_ENTRY: ("cancel", "item-not-found"),
    Reason.BAD_CONFIG: ("modify", "not-acceptable"),
    Reason.BAD_REQUEST: ("modify", "bad-request"),
    Reason.REGISTRATION_CLOSED: ("cancel", "not-allowed"),
    Reason.REGISTRATION_OFF: ("cancel", "service-unavailable"),
    Reason.NOT_REGISTERED: ("auth", "registration-required"),
    Reason.WHISPER_LIMITED: ("cancel", "policy-violation"),
    Reason.TOO_FAST: ("wait", "policy-violation"),
    Reason.TOO_BIG: ("modify", "policy-violation"),
    Reason.BUSY: ("wait", "resource-constraint"),
}


def refusal(refused: Refused | Reason, room: Jid) -> StanzaError:
    """The error that says why."""
    if isinstance(refused, Reason):
        refused = Refused(refused)
    type, condition = _ERRORS[refused.reason]
    return StanzaError(condition, refused.text, type=type, by=room)


def refused_whole(stanza: Stanza, error: StanzaError) -> Stanza:
    """The answer to what is refused, with all that was said (XEP-0045, 7.5, 8.1, 8.4, 10.2)."""
    answer = stanza.error(error)
    inner = stanza.inner + answer.inner
    return Stanza(CONTENT, stanza.name, answer.attrs, inner, None, answer.to, answer.sender)


def echoing(handler: Handler) -> Handler:
    """Have a method that answers requests refuse them with what they ask for."""

    @wraps(handler)
    async def run(self: Any, request: Stanza) -> Stanza:
        try:
            return await handler(self, request)
        except StanzaError as problem:
            return refused_whole(request, problem)

    return run


def refused_presence(presence: Stanza, error: StanzaError) -> Stanza:
    """The answer to a presence that is refused (XEP-0045, 7.2)."""
    answer = presence.error(error)
    inner = element("x", MUC) + answer.inner
    return Stanza(CONTENT, "presence", answer.attrs, inner, None, answer.to, answer.sender)
