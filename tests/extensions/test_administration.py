"""XEP-0133: what administrators have done by ad-hoc commands."""

from functools import partial
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.app.ctl.test_verbs import Served
from tests.sm.kit import House
from xmppd.app.config_model import Config
from xmppd.app.ctl.verbs import perform
from xmppd.component.commands import COMMANDS
from xmppd.component.requests import condition_of
from xmppd.extensions.administration import Administration
from xmppd.extensions.administration_actions import ACTIONS, ADMIN
from xmppd.extensions.commands import Commands
from xmppd.extensions.last_activity import LastActivity
from xmppd.extensions.motd import Motd
from xmppd.protocol.forms import Form
from xmppd.protocol.jid import Jid
from xmppd.protocol.namespaces import CONTENT


class AdministrationTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House([Commands, Administration, Motd, LastActivity])
        host = self.house.host
        assert host is not None
        host.admins = frozenset({Jid.parse("juliet@example.com")})
        host.perform = partial(perform, Served(self.house, Config(domains=("example.com",))))  # type: ignore[arg-type]
        self.host = host
        self.juliet = self.house.client()
        self.juliet.send("<presence/>")

    def ask(self, node: str, inner: str = "", client: Any = None, session: str = "") -> Any:
        sessionid = f" sessionid='{session}'" if session else ""
        answer = (client or self.juliet).answer(
            f"<iq type='set' id='a{len(inner)}{session}{node}' to='example.com'>"
            f"<command xmlns='{COMMANDS}' node='{ADMIN}#{node}'{sessionid}>{inner}</command></iq>"
        )
        self.house.settle(1)
        return answer

    def submit(self, node: str, **fields: Any) -> Any:
        """Have it done; gives the answer to the filled form."""
        command = self.ask(node).payload()
        self.assertEqual(command["status"], "executing")
        inner = "".join(
            f"<field var='{var.replace('_verify', '-verify')}'>"
            + "".join(f"<value>{value}</value>" for value in values.split())
            + "</field>"
            for var, values in fields.items()
        )
        form = (
            "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
            f"<value>{ADMIN}</value></field>{inner}</x>"
        )
        return self.ask(node, form, session=command["sessionid"])

    def done(self, node: str, **fields: Any) -> Any:
        answer = self.submit(node, **fields) if fields else self.ask(node)
        command = answer.payload()
        self.assertEqual(command["status"], "completed")
        for note in command.elements(COMMANDS, "note"):
            self.assertNotEqual(note["type"], "error", str(note))
        return command

    def value(self, command: Any, var: str) -> tuple[str, ...]:
        form = Form.parse(next(command.elements("jabber:x:data", "x")))
        self.assertEqual((form.form_type, form.type), (ADMIN, "result"))
        field = form.field(var)
        assert field is not None
        return field.values

    def test_only_admins(self) -> None:
        """6: for every command."""
        romeo = self.house.client("romeo", "orchard")
        for action in ACTIONS:
            self.assertEqual(condition_of(self.ask(action.node, client=romeo)), "forbidden")

    def test_forms(self) -> None:
        """Every command that needs something asks for it in a form of this XEP."""
        for action in ACTIONS:
            if action.fields:
                command = self.ask(action.node).payload()
                form = Form.parse(next(command.elements("jabber:x:data", "x")))
                self.assertEqual((form.form_type, form.type), (ADMIN, "form"))

    def test_add_user(self) -> None:
        """4.1."""
        fields = {"accountjid": "nurse@example.com", "password": "s", "password_verify": "s"}
        self.done("add-user", **fields)
        self.assertIsNotNone(self.house.client("romeo"))
        self.assertEqual(condition_of(self.submit("add-user", **fields)), "conflict")
        fields["password_verify"] = "t"
        self.assertEqual(condition_of(self.submit("add-user", **fields)), "bad-request")
        found = self.value(self.done("get-registered-users-num"), "registeredusersnum")
        self.assertEqual(found, ("3",))

    def test_delete_users(self) -> None:
        """4.2: what goes wrong with one does not keep it from the other."""
        answer = self.submit("delete-user", accountjids="nobody@example.com romeo@example.com")
        notes = list(answer.payload().elements(COMMANDS, "note"))
        self.assertEqual([note["type"] for note in notes], ["error", "info"])
        found = self.done("get-registered-users-list", max_items="25")
        self.assertEqual(self.value(found, "registereduserjids"), ("juliet@example.com",))

    def test_disable_and_enable(self) -> None:
        """4.3, 4.4: no session stays, and nobody can log in."""
        romeo = self.house.client("romeo", "orchard")
        self.done("disable-user", accountjids="romeo@example.com")
        self.assertIsNotNone(romeo.closed)
        listed = self.done("get-disabled-users-list", max_items="none")
        self.assertEqual(self.value(listed, "disableduserjids"), ("romeo@example.com",))
        counted = self.done("get-disabled-users-num")
        self.assertEqual(self.value(counted, "disabledusersnum"), ("1",))
        with self.assertRaisesRegex(AssertionError, "not-authorized"):
            self.house.client("romeo")
        self.done("reenable-user", accountjids="romeo@example.com")
        self.house.client("romeo")

    def test_end_sessions(self) -> None:
        """4.5: of an account, or the one of a full JID."""
        first, second = self.house.client("romeo", "a"), self.house.client("romeo", "b")
        self.done("end-user-session", accountjids="romeo@example.com/b")
        self.assertIsNone(first.closed)
        self.assertIsNotNone(second.closed)
        self.done("end-user-session", accountjids="romeo@example.com")
        self.assertIsNotNone(first.closed)

    def test_change_password(self) -> None:
        """4.7."""
        self.done("change-user-password", accountjid="romeo@example.com", password="other")
        with self.assertRaisesRegex(AssertionError, "not-authorized"):
            self.house.client("romeo")

    def test_roster(self) -> None:
        """4.8: within the form."""
        self.juliet.answer(
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            "<item jid='romeo@example.com' name='R'><group>Lovers</group></item></query></iq>"
        )
        form = next(
            self.done("get-user-roster", accountjids="juliet@example.com").elements(
                "jabber:x:data", "x"
            )
        )
        item = next(next(form.elements("jabber:iq:roster", "query")).elements())
        self.assertEqual((item["jid"], item["name"]), ("romeo@example.com", "R"))
        self.assertEqual(str(next(item.elements())), "Lovers")

    def test_last_login_and_statistics(self) -> None:
        """4.9, 4.10."""
        command = self.done("get-user-lastlogin", accountjids="juliet@example.com")
        [date] = self.value(command, "lastlogin")
        self.assertRegex(date, r"^2027-01-15T\d\d:\d\d:\d\dZ$")
        command = self.done("user-stats", accountjid="juliet@example.com")
        self.assertEqual(self.value(command, "onlineresources"), ("balcony",))
        self.assertEqual(self.value(command, "rostersize"), ("0",))

    def test_online(self) -> None:
        """4.15, 4.20."""
        counted = self.done("get-online-users-num")
        self.assertEqual(self.value(counted, "onlineusersnum"), ("1",))
        listed = self.done("get-online-users-list", max_items="25")
        self.assertEqual(self.value(listed, "onlineuserjids"), ("juliet@example.com",))

    def test_announcements(self) -> None:
        """4.23 to 4.26."""
        romeo = self.house.client("romeo", "orchard")
        self.done("announce", announcement="Hark")
        romeo.send("<presence/>")
        self.done("set-motd", motd="Morrow")
        self.done("edit-motd", motd="Even")
        self.done("delete-motd")
        answer = self.ask("delete-motd")
        self.assertEqual(condition_of(answer), "item-not-found")
        said = [
            [stanza.text(CONTENT, "body") for stanza in client.taken() if stanza.name == "message"]
            for client in (self.juliet, romeo)
        ]
        self.assertEqual(said, [["Hark", "Morrow"], ["Morrow"]])
