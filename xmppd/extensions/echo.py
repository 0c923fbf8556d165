"""A domain of its own that sends every message back."""

from collections.abc import Iterable

import attrs

from xmppd.component.component import Component
from xmppd.component.discovery import Discoverable, Identity, Item
from xmppd.component.extension import Extension
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.stanza import Stanza


class Bot(Component):
    """Sends messages back; an error would come back for ever, but none gets here."""

    identities = (Identity("client", "bot", "Echo"),)

    def message(self, message: Stanza) -> None:
        self.send(message.readdressed(message.sender, message.to))


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
        bot = Bot(_domain(self.options.host, self.host.domain), self.host.clock)
        bot.attach(self.host.open_link([bot.name]))
        self._bot = bot

    def stop(self) -> None:
        """The domain goes; what still comes for it bounces."""
        self._bot.close()

    def reload(self, options: Options) -> None:
        """Move to another domain where the options name one."""
        super().reload(options)
        if _domain(options.host, self.host.domain) != self._bot.name:
            old = self._bot
            self.setup()
            old.close()

    def host_items(self) -> Iterable[Item]:
        """Itself."""
        return (Item(self._bot.jid),)


def _domain(pattern: str, host: str) -> str:
    try:
        return Jid.of("", pattern.replace("@HOST@", host)).domain
    except InvalidJid as problem:
        raise ValueError(f"host: not a domain: {problem} (got {pattern!r})") from None
