"""Carrying out ad-hoc commands (XEP-0050): the sessions of those who do."""

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Mapping

import attrs
from twisted.internet.interfaces import IReactorTime
from twisted.words.xish.domish import Element

from xmppd.component.commands import COMMANDS, Command, CommandFailed, Done, Note, Step
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Form, FormError, FormType
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza

SESSION_SECONDS = 600
"""So long a session may wait for its next stage."""
MAX_SESSIONS = 1_000
MAX_OWN_SESSIONS = 20
"""Sessions of one requester; beyond that the oldest ends."""

_ACTIONS = frozenset({"execute", "next", "prev", "complete", "cancel"})


class _Session:
    """One requester's way through one command; `steps` are those it has come through."""

    def __init__(self, command: Command, requester: Jid, until: float) -> None:
        self.id = secrets.token_hex(12)
        self.command = command
        self.requester = requester
        self.until = until
        self.steps: list[Step] = []
        self.busy = False


class CommandSessions:
    """Answers what is asked of commands (XEP-0050, 2.4 to 3.7). All text is in English: a request
    in another language is not refused for that, since nobody would be helped (3.7)."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    async def handle(self, request: Stanza, commands: Mapping[str, Command]) -> Stanza:
        """Carry on with the command that an iq names.

        :param commands: by node.
        :raises StanzaError: as the table of XEP-0050, 4.4 has it.
        """
        asked, requester = request.payload(), request.sender
        assert asked is not None and requester is not None
        action = asked.getAttribute("action") or "execute"
        if action not in _ACTIONS:
            raise _bad("malformed-action", f"no such action: {action}")
        command = self._command(asked, requester, commands)
        self._expire()
        if not asked.hasAttribute("sessionid"):
            if action not in ("execute", "next", "complete"):
                raise _bad("bad-action", "there is no session to do that in")
            return await self._begin(request, command, requester)
        session = self._session(asked, requester, command)
        if action == "cancel":
            del self._sessions[session.id]
            return _answer(request, session, "canceled")
        if action == "prev":
            return self._back(request, session)
        return await self._submit(request, session, action, asked)

    @staticmethod
    def _command(asked: Element, requester: Jid, commands: Mapping[str, Command]) -> Command:
        command = commands.get(asked.getAttribute("node", ""))
        if command is None:
            raise StanzaError("item-not-found", "no such command")
        if not command.permits(requester):
            raise StanzaError("forbidden")
        return command

    def _session(self, asked: Element, requester: Jid, command: Command) -> _Session:
        session = self._sessions.get(asked["sessionid"])
        if session is None:
            expired = element("session-expired", COMMANDS)
            raise StanzaError("not-allowed", "the session has ended", extra=expired)
        if session.requester != requester or session.command.node != command.node:
            raise _bad("bad-sessionid", "the session is another one's")
        if session.busy:
            raise _bad("bad-action", "the last action is still under way")
        return session

    async def _begin(self, request: Stanza, command: Command, requester: Jid) -> Stanza:
        own = [each for each in self._sessions.values() if each.requester == requester]
        if len(own) >= MAX_OWN_SESSIONS:
            del self._sessions[own[0].id]
        elif len(self._sessions) >= MAX_SESSIONS:
            self._sessions.popitem(last=False)
        session = _Session(command, requester, self._clock.seconds() + SESSION_SECONDS)
        self._sessions[session.id] = session
        return await self._go_on(request, session, command.begin(requester))

    def _back(self, request: Stanza, session: _Session) -> Stanza:
        if len(session.steps) < 2:
            raise _bad("bad-action", "this is the first stage")
        session.steps.pop()
        return self._wait(request, session)

    async def _submit(
        self, request: Stanza, session: _Session, action: str, asked: Element
    ) -> Stanza:
        step = session.steps[-1]
        if action == ("next" if step.last else "complete"):
            raise _bad("bad-action", f"not possible at this stage: {action}")
        try:
            values = step.form.validate(_submitted(asked))
        except FormError as error:
            raise _bad("bad-payload", str(error)) from None
        return await self._go_on(request, session, step.then(values))

    async def _go_on(
        self, request: Stanza, session: _Session, coming: Awaitable[Step | Done]
    ) -> Stanza:
        session.busy = True
        try:
            found = await coming
        except FormError as error:
            self._keep_or_end(session)
            raise _bad("bad-payload", str(error)) from None
        except CommandFailed as failure:
            if failure.condition:
                self._keep_or_end(session)
                raise StanzaError(failure.condition, str(failure)) from None
            found = Done((Note(str(failure), "error"),))
        except BaseException:
            self._sessions.pop(session.id, None)
            raise
        session.busy = False
        if isinstance(found, Done):
            self._sessions.pop(session.id, None)
            return _answer(request, session, "completed", found)
        session.steps.append(found)
        return self._wait(request, session)

    def _wait(self, request: Stanza, session: _Session) -> Stanza:
        """Ask for what the last step says, and wait for it."""
        session.until = self._clock.seconds() + SESSION_SECONDS
        return _answer(request, session, "executing")

    def _keep_or_end(self, session: _Session) -> None:
        """After an error the form may be submitted again, where there is one."""
        session.busy = False
        if not session.steps:
            self._sessions.pop(session.id, None)

    def _expire(self) -> None:
        now = self._clock.seconds()
        for session in [each for each in self._sessions.values() if each.until <= now]:
            del self._sessions[session.id]


def _bad(condition: str, text: str) -> StanzaError:
    return StanzaError("bad-request", text, extra=element(condition, COMMANDS))


def _submitted(asked: Element) -> Form:
    """The form within; one that is cancelled counts as submitted (XEP-0050, 3.5.1)."""
    for found in asked.elements(DATA_FORMS, "x"):
        form = Form.parse(found)
        if form.type is FormType.CANCEL:
            return attrs.evolve(form, type=FormType.SUBMIT)
        return form
    raise FormError("the form is missing")


def _answer(request: Stanza, session: _Session, status: str, done: Done | None = None) -> Stanza:
    content: list[bytes] = []
    if done is not None:
        content = [*[note.to_xml() for note in done.notes], *done.content]
    elif status == "executing":
        content = [_actions(session), session.steps[-1].form.to_xml()]
    attributes = {
        "node": session.command.node,
        "sessionid": session.id,
        "status": status,
        "xml:lang": "en",
    }
    return request.reply(element("command", COMMANDS, attributes, *content))


def _actions(session: _Session) -> bytes:
    onward = "complete" if session.steps[-1].last else "next"
    back = [element("prev")] if len(session.steps) > 1 else []
    return element("actions", None, {"execute": onward}, *back, element(onward))
