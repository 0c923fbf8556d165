"""What a client's stream is offered: mechanisms, and the features of each stage."""

from collections.abc import Iterable

from xmppd.c2s.hosts import HostFacts
from xmppd.c2s.settings import Limits
from xmppd.protocol.feature import Feature, When
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import BIND, SASL, SASL_CHANNEL_BINDING, STREAM_LIMITS, TLS

_STARTTLS = Feature(element("starttls", TLS, None, element("required")), When.BEFORE_TLS)
_BIND = Feature(element("bind", BIND), When.AFTER_LOGIN)


def usable_mechanisms(
    mechanisms: Iterable[str], plain_allowed: bool, bound: bool
) -> tuple[str, ...]:
    """Those of a host's mechanisms that a stream can do.

    :param plain_allowed: whether a password may be sent as it is.
    :param bound: whether the stream has data for channel bindings.
    """
    return tuple(
        name
        for name in mechanisms
        if name != "EXTERNAL"  # no client is asked for its certificate
        and (plain_allowed or name != "PLAIN")
        and (bound or not name.endswith("-PLUS"))
    )


def feature_table(
    facts: HostFacts, mechanisms: tuple[str, ...], bindings: Iterable[str], limits: Limits
) -> list[Feature]:
    """The features of a stream in all its stages."""
    return [
        _STARTTLS,
        *_login(mechanisms, bindings),
        *[Feature(xml, When.BEFORE_LOGIN) for xml in facts.before],
        _BIND,
        *[Feature(xml, When.AFTER_LOGIN) for xml in facts.after],
        _limits(limits.stanza_bytes_before_login, 0, When.BEFORE_TLS | When.BEFORE_LOGIN),
        _limits(limits.stanza_bytes, limits.idle_ping_seconds, When.AFTER_LOGIN),
    ]


def _login(mechanisms: tuple[str, ...], bindings: Iterable[str]) -> Iterable[Feature]:
    """The mechanisms, and with -PLUS among them the types of channel binding (XEP-0440)."""
    if any(name.endswith("-PLUS") for name in mechanisms):
        types = [element("channel-binding", None, {"type": type}) for type in bindings]
        yield Feature(
            element("sasl-channel-binding", SASL_CHANNEL_BINDING, None, *types), When.BEFORE_LOGIN
        )
    if mechanisms:
        names = [element("mechanism", None, None, name) for name in mechanisms]
        yield Feature(element("mechanisms", SASL, None, *names), When.BEFORE_LOGIN)


def _limits(max_bytes: int, idle_seconds: int, when: When) -> Feature:
    """What one element may be, and when silence is asked about (XEP-0478)."""
    idle = element("idle-seconds", None, None, str(idle_seconds)) if idle_seconds else b""
    size = element("max-bytes", None, None, str(max_bytes))
    return Feature(element("limits", STREAM_LIMITS, None, size, idle), when)
