"""XEP-0050: sessions of commands, with a command of three stages."""

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.command_sessions import MAX_OWN_SESSIONS, SESSION_SECONDS, CommandSessions
from xmppd.component.commands import COMMANDS, CommandFailed, Done, Note, Step
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Field, FieldType, Form, FormType
from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.stanza import Stanza

JULIET, ROMEO = Jid.parse("juliet@example.com/balcony"), Jid.parse("romeo@example.com/orchard")


def form(var: str) -> Form:
    return Form(FormType.FORM, (Field(var, FieldType.TEXT_SINGLE, required=True),))


class Pour:
    """Asks for a cup and for wine."""

    node, name = "pour", "Pour Wine"

    def __init__(self) -> None:
        self.poured: list[tuple[Any, Any]] = []
        self.wait: Deferred[None] | None = None

    def permits(self, requester: Jid) -> bool:
        return requester.local != "tybalt"

    async def begin(self, requester: Jid) -> Step | Done:
        return Step(form("cup"), self._cup, last=False)

    async def _cup(self, values: Mapping[str, Any]) -> Step | Done:
        if values["cup"] == "sieve":
            raise CommandFailed("it runs out")
        if values["cup"] == "taken":
            raise CommandFailed("somebody drinks of it", "conflict")

        async def wine(more: Mapping[str, Any]) -> Step | Done:
            if self.wait is not None:
                await self.wait
            self.poured.append((values["cup"], more["wine"]))
            return Done((Note("Cheers."),))

        return Step(form("wine"), wine)


class CommandSessionsTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.sessions = CommandSessions(self.clock)
        self.pour = Pour()

    def ask(self, inner: str = "", sender: Jid = JULIET, node: str = "pour", **more: str) -> Any:
        attributes = "".join(f" {key}='{value}'" for key, value in more.items())
        xml = (
            f"<iq type='set' id='1' from='{sender}' to='example.com'>"
            f"<command xmlns='{COMMANDS}' node='{node}'{attributes}>{inner}</command></iq>"
        )
        handling = self.sessions.handle(parse_stanza(xml.encode()), {"pour": self.pour})
        return Deferred.fromCoroutine(handling)

    def told(self, *arguments: Any, **more: Any) -> Any:
        answer: Stanza = self.successResultOf(self.ask(*arguments, **more))
        self.assertEqual(answer.type, "result")
        command = answer.payload()
        assert command is not None
        self.assertEqual((command.uri, command["node"]), (COMMANDS, "pour"))
        return command

    def fill(self, var: str, value: str) -> str:
        return (
            f"<x xmlns='jabber:x:data' type='submit'>"
            f"<field var='{var}'><value>{value}</value></field></x>"
        )

    def refused(self, *arguments: Any, **more: Any) -> tuple[str, bytes]:
        error = self.failureResultOf(self.ask(*arguments, **more), StanzaError).value
        return error.condition, error.extra

    def actions(self, command: Any) -> tuple[str, list[str]]:
        [actions] = command.elements(COMMANDS, "actions")
        return actions["execute"], [action.name for action in actions.elements()]

    def test_stages(self) -> None:
        """2.4.2: form by form, back and forth, to the end; 3.4: the actions of each stage."""
        first = self.told()
        self.assertEqual(first["status"], "executing")
        self.assertEqual(self.actions(first), ("next", ["next"]))
        here = {"sessionid": first["sessionid"]}
        second = self.told(self.fill("cup", "goblet"), **here)
        self.assertEqual(self.actions(second), ("complete", ["prev", "complete"]))
        again = self.told(action="prev", **here)
        self.assertEqual(self.actions(again), ("next", ["next"]))
        self.told(self.fill("cup", "horn"), action="next", **here)
        last = self.told(self.fill("wine", "red"), action="complete", **here)
        self.assertEqual((last["status"], last["sessionid"]), ("completed", here["sessionid"]))
        [note] = last.elements(COMMANDS, "note")
        self.assertEqual((note["type"], str(note)), ("info", "Cheers."))
        self.assertEqual(self.pour.poured, [("horn", "red")])

    def test_cancel(self) -> None:
        """2.4.3: always possible; then the session has ended."""
        here = {"sessionid": self.told()["sessionid"]}
        self.assertEqual(self.told(action="cancel", **here)["status"], "canceled")
        self.assert_ended(here)

    def assert_ended(self, here: dict[str, str]) -> None:
        condition, extra = self.refused(self.fill("cup", "goblet"), **here)
        self.assertEqual(condition, "not-allowed")
        self.assertIn(b"<session-expired", extra)

    def test_ended_sessions(self) -> None:
        """3.3: a session lasts until it is completed, and not for ever."""
        here = {"sessionid": self.told()["sessionid"]}
        self.told(self.fill("cup", "goblet"), **here)
        self.told(self.fill("wine", "red"), **here)
        self.assert_ended(here)
        here = {"sessionid": self.told()["sessionid"]}
        self.clock.advance(SESSION_SECONDS)
        self.assert_ended(here)

    def test_each_stage_has_its_time(self) -> None:
        """Going back is a stage, too."""
        here = {"sessionid": self.told()["sessionid"]}
        for action in ("next", "prev", "next"):
            self.clock.advance(SESSION_SECONDS - 1)
            self.told("" if action == "prev" else self.fill("cup", "horn"), action=action, **here)

    def test_unknown_command(self) -> None:
        self.assertEqual(self.refused(node="dance")[0], "item-not-found")

    def test_not_permitted(self) -> None:
        tybalt = Jid.parse("tybalt@example.com/x")
        self.assertEqual(self.refused(sender=tybalt)[0], "forbidden")

    def test_bad_requests(self) -> None:
        """4.4: bad-request, and which one it is."""
        here = {"sessionid": self.told()["sessionid"]}
        for condition, arguments in {
            "malformed-action": {"action": "explode", **here},
            "bad-action": {"action": "complete", **here},
            "bad-payload": here,
            "bad-sessionid": {"sender": ROMEO, **here},
        }.items():
            found, extra = self.refused(**arguments)
            self.assertEqual(found, "bad-request", condition)
            self.assertIn(f"<{condition} xmlns='{COMMANDS}'".encode(), extra)
        for action in "prev", "cancel":
            self.assertIn(b"<bad-action", self.refused(action=action)[1])
        self.assertIn(b"<bad-action", self.refused(action="prev", **here)[1])
        self.assertIn(b"<bad-payload", self.refused(self.fill("cup", ""), **here)[1])

    def test_cancelled_form_counts_as_submitted(self) -> None:
        """3.5.1."""
        here = {"sessionid": self.told()["sessionid"]}
        filled = self.fill("cup", "goblet").replace("submit", "cancel")
        self.assertEqual(self.told(filled, **here)["status"], "executing")

    def test_failure(self) -> None:
        """3.6: completed, with a note of type error."""
        here = {"sessionid": self.told()["sessionid"]}
        command = self.told(self.fill("cup", "sieve"), **here)
        self.assertEqual(command["status"], "completed")
        [note] = command.elements(COMMANDS, "note")
        self.assertEqual((note["type"], str(note)), ("error", "it runs out"))
        self.assert_ended(here)

    def test_failure_with_a_condition(self) -> None:
        """An error; the form may be submitted again."""
        here = {"sessionid": self.told()["sessionid"]}
        self.assertEqual(self.refused(self.fill("cup", "taken"), **here)[0], "conflict")
        self.assertEqual(self.told(self.fill("cup", "goblet"), **here)["status"], "executing")

    def test_impatience(self) -> None:
        """Nothing is done twice."""
        here = {"sessionid": self.told()["sessionid"]}
        self.told(self.fill("cup", "goblet"), **here)
        self.pour.wait = Deferred()
        first = self.ask(self.fill("wine", "red"), **here)
        self.assertEqual(self.refused(self.fill("wine", "red"), **here)[0], "bad-request")
        self.pour.wait.callback(None)
        self.successResultOf(first)
        self.assertEqual(len(self.pour.poured), 1)

    def test_bounded(self) -> None:
        """One requester's oldest session ends; others' stay."""
        kept = {"sessionid": self.told(sender=ROMEO)["sessionid"], "sender": ROMEO}
        begun = [self.told()["sessionid"] for _ in range(MAX_OWN_SESSIONS + 1)]
        self.assert_ended({"sessionid": begun[0]})
        self.told(self.fill("cup", "goblet"), sessionid=begun[1])
        self.told(self.fill("cup", "goblet"), **kept)
