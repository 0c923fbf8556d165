"""What administrators can have done from their clients, by the verbs that `xmppctl` has too."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import attrs

from xmppd.component.commands import Command, Commanding, Done, Step
from xmppd.component.extension import Extension
from xmppd.extensions.administration_actions import ACTIONS, ADMIN, Action
from xmppd.protocol.forms import Form, FormType
from xmppd.protocol.jid import Jid
from xmppd.sm.host import Host


@attrs.frozen
class AdminCommand:
    """An action at a host, as an ad-hoc command."""

    host: Host
    action: Action

    @property
    def node(self) -> str:
        return f"{ADMIN}#{self.action.node}"

    @property
    def name(self) -> str:
        return self.action.name

    def permits(self, requester: Jid) -> bool:
        """XEP-0133, 6: nobody but administrators."""
        return requester.bare in self.host.admins

    async def begin(self, requester: Jid) -> Step | Done:
        """Ask for what is needed."""
        action = self.action
        if not action.fields:
            return await action.run(self.host, {})
        form = Form.of(FormType.FORM, ADMIN, *action.fields, title=action.name)
        return Step(form, partial(action.run, self.host))


class Administration(Commanding, Extension):
    """XEP-0133: accounts, sessions and announcements, for the `admins` of the configuration.

    Not offered are the commands that change what the configuration says (4.11, 4.12, 4.29), that
    end the process (4.30, 4.31), and those that would need what is not watched (4.16, 4.17).
    """

    xep = 133, "1.3.0"

    def setup(self) -> None:
        self._commands = [AdminCommand(self.host, action) for action in ACTIONS]

    def commands(self) -> Iterable[Command]:
        """One for each use case."""
        return self._commands
