"""Commands that the host carries out."""

from xmppd.component.command_sessions import CommandSessions
from xmppd.component.commands import COMMANDS, Command, Commanding
from xmppd.component.discovery import Discoverable, Identity, Info, Item, Items
from xmppd.component.extension import HOST, Extension, iq
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza


class Commands(Discoverable, Extension):
    """XEP-0050: list the commands that other extensions have (2.2, 2.3) and carry them out (2.4).

    Everybody sees just those that are permitted to them.
    """

    xep = 50, "1.3.0"
    features = (COMMANDS,)

    def setup(self) -> None:
        self._sessions = CommandSessions(self.host.clock)

    @iq("set", COMMANDS, "command", to=HOST)
    async def execute(self, request: Stanza) -> Stanza:
        """Begin a command or carry on with it."""
        return await self._sessions.handle(request, self._commands())

    def node_info(self, request: Stanza, node: str) -> Info | None:
        """What the list and each command is; forbidden to those who may not use it (2.3)."""
        if request.to != self.host.jid:
            return None
        if node == COMMANDS:
            return Info((Identity("automation", "command-list", "Commands"),), (COMMANDS,))
        command = self._commands().get(node)
        if command is None:
            return None
        if request.sender is None or not command.permits(request.sender):
            raise StanzaError("forbidden")
        identity = Identity("automation", "command-node", command.name)
        return Info((identity,), (COMMANDS, DATA_FORMS))

    def node_items(self, request: Stanza, node: str) -> Items | None:
        """The commands that the requester may use (2.2); none below a command."""
        if request.to != self.host.jid:
            return None
        if node == COMMANDS:
            return [
                Item(self.host.jid, command.node, command.name)
                for command in self._commands().values()
                if request.sender is not None and command.permits(request.sender)
            ]
        return () if node in self._commands() else None

    def _commands(self) -> dict[str, Command]:
        return {
            command.node: command
            for extension in self.host.dispatch.extensions
            if isinstance(extension, Commanding)
            for command in extension.commands()
        }
