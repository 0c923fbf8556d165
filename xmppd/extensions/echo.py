"""A domain of its own that sends every message back."""

from collections.abc import Iterable

import attrs

from xmppd.component.discovery import DISCO_INFO, Discoverable, Identity, Info, Item
from xmppd.component.extension import Extension
from xmppd.link.link import Item as Routed
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.stanza import Stanza

_INFO = Info((Identity("client", "bot", "Echo"),), (DISCO_INFO,))


class Echo(Discoverable, Extension):
    """Serve a domain below the host where messages come back to their senders."""

    default = False
    eager = True

    @attrs.frozen
    class Options:
        """Where it is found."""

        host: str = attrs.field(
            default="echo.@HOST@",
            metadata={"doc": "Its domain; `@HOST@` stands for that of the host."},
        )

        @host.validator
        def _check(self, _: object, value: str) -> None:
            _domain(value, "host.example")

    def setup(self) -> None:
        jid = _domain(self.options.host, self.host.domain)
        self._link = self.host.attach(jid.domain, self.receive)
        self.jid = jid

    def stop(self) -> None:
        """The domain goes; what still comes for it bounces."""
        self._link.close()

    def reload(self, options: Options) -> None:
        """Move to another domain where the options name one."""
        super().reload(options)
        if _domain(options.host, self.host.domain) != self.jid:
            old = self._link
            self.setup()
            old.close()

    def host_items(self) -> Iterable[Item]:
        """Itself."""
        return (Item(self.jid),)

    def receive(self, item: Routed) -> None:
        """Send a message back; an error would come back for ever, so it is dropped."""
        if not isinstance(item, Stanza) or item.sender is None or item.type == "error":
            return
        if item.name == "message":
            self._link.send(item.readdressed(item.sender, item.to))
        elif item.type in ("get", "set"):
            self._link.send(self._answer(item))

    def _answer(self, request: Stanza) -> Stanza:
        if request.type == "get" and request.has(DISCO_INFO, "query"):
            return _INFO.answer(request)
        return request.error("service-unavailable")


def _domain(pattern: str, host: str) -> Jid:
    try:
        return Jid.of("", pattern.replace("@HOST@", host))
    except InvalidJid as problem:
        raise ValueError(f"host: not a domain: {problem} (got {pattern!r})") from None
