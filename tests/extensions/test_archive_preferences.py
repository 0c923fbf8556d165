"""XEP-0441: preferences for archiving."""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.internet.defer import fail

from tests.extensions.archive_kit import ArchiveCase, message
from xmppd.extensions.archive_preferences import MAX_LISTED, ArchivePreferences
from xmppd.extensions.stanza_ids import StanzaIds
from xmppd.protocol.namespaces import MAM
from xmppd.protocol.stanza import Stanza
from xmppd.storage.interfaces import Full


class FullAccount:
    """An account whose documents can be read only."""

    def __init__(self, account: Any) -> None:
        self._account = account

    def __getattr__(self, name: str) -> Any:
        return getattr(self._account, name)

    def document(self, *arguments: Any) -> Any:
        document = self._account.document(*arguments)
        document.put = lambda value: fail(Full("archive_prefs"))
        return document


class PreferencesCase(ArchiveCase):
    def set(
        self, default: str, always: tuple[str, ...] = (), never: tuple[str, ...] = ()
    ) -> Stanza:
        lists = "".join(
            f"<{name}>{''.join(f'<jid>{jid}</jid>' for jid in jids)}</{name}>"
            for name, jids in (("always", always), ("never", never))
        )
        prefs = f"<prefs xmlns='{MAM}' default='{default}'>{lists}</prefs>"
        return self.juliet.answer(f"<iq type='set' id='s'>{prefs}</iq>")

    def get(self) -> tuple[str, list[str], list[str]]:
        answer = self.juliet.answer(f"<iq type='get' id='g'><prefs xmlns='{MAM}'/></iq>")
        return self.said(answer)

    def said(self, answer: Stanza) -> tuple[str, list[str], list[str]]:
        prefs: Any = answer.child(MAM, "prefs")
        [always] = prefs.elements(MAM, "always")
        [never] = prefs.elements(MAM, "never")
        return (
            prefs["default"],
            [str(j) for j in always.elements()],
            [str(j) for j in never.elements()],
        )


class SettingTest(PreferencesCase):
    def test_nothing_set(self) -> None:
        """2.1: the default, and both lists though empty."""
        self.assertEqual(self.get(), ("always", [], []))

    def test_default_configured_anew(self) -> None:
        """It counts at once, for those who have said nothing."""
        extension = self.house.host.dispatch.extension(ArchivePreferences)
        assert extension is not None
        extension.reload(ArchivePreferences.Options("never"))
        self.assertEqual(self.get()[0], "never")
        self.set("roster")
        extension.reload(ArchivePreferences.Options("always"))
        self.assertEqual(self.get()[0], "roster")

    def test_set(self) -> None:
        """2.1: answered with what counts; kept."""
        said = self.said(self.set("roster", ("Romeo@example.com",), ("a@b/c",)))
        self.assertEqual(said, ("roster", ["romeo@example.com"], ["a@b/c"]))
        self.juliet.close()
        self.house.host.forget("juliet")
        self.juliet = self.house.client("juliet", "later")
        self.assertEqual(self.get(), said)

    def test_lists_left_out(self) -> None:
        """2.1.2 and 2.1.3: assumed to be empty."""
        self.set("always", ("a@b",), ("c@d",))
        self.juliet.answer(f"<iq type='set' id='s'><prefs xmlns='{MAM}' default='never'/></iq>")
        self.assertEqual(self.get(), ("never", [], []))

    def test_on_both_lists(self) -> None:
        self.assertEqual(self.said(self.set("always", ("a@b", "c@d"), ("a@b",)))[1], ["c@d"])

    def test_not_kept(self) -> None:
        """What counted before counts again."""
        self.set("never")
        user = self.house.host.users["juliet"]
        user.account = FullAccount(user.account)
        self.assertEqual(self.condition(self.set("always")), "resource-constraint")
        self.assertEqual(self.get()[0], "never")

    def test_wrong(self) -> None:
        """2.1.1: one of the three; and addresses that are some."""
        self.assertEqual(self.condition(self.set("sometimes")), "bad-request")
        self.assertEqual(self.condition(self.set("always", ("@",))), "jid-malformed")
        many = tuple(f"u{number}@b" for number in range(MAX_LISTED + 1))
        self.assertEqual(self.condition(self.set("always", many)), "resource-constraint")
        self.assertEqual(self.get(), ("always", [], []))


class KeepingTest(PreferencesCase):
    def talk(self) -> list[str]:
        """What juliet's archive has of a message from romeo and one to him."""
        before = len(self.bodies(self.juliet))
        self.romeo.send(message("in"))
        self.juliet.send(message("out", "romeo@example.com/orchard"))
        return self.bodies(self.juliet)[before:]

    def test_by_default(self) -> None:
        """2.1.1."""
        self.set("never")
        self.assertEqual(self.talk(), [])
        self.set("always")
        self.assertEqual(self.talk(), ["in", "out"])
        self.set("roster")
        self.assertEqual(self.talk(), [])
        self.juliet.send(
            "<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
            "<item jid='romeo@example.com'/></query></iq>"
        )
        self.assertEqual(self.talk(), ["in", "out"])

    def test_lists(self) -> None:
        """2.3: both directions; as it is, or bare."""
        self.set("always", never=("romeo@example.com",))
        self.assertEqual(self.talk(), [])
        self.set("never", always=("romeo@example.com",))
        self.assertEqual(self.talk(), ["in", "out"])
        self.set("never", always=("romeo@example.com/orchard",))
        self.assertEqual(self.talk(), ["in", "out"])
        self.set("never", always=("romeo@example.com/garden",))
        self.assertEqual(self.talk(), [])
        self.set("always", ("romeo@example.com/orchard",), ("romeo@example.com",))
        self.assertEqual(self.talk(), ["in", "out"])

    def test_only_ones_own_archive(self) -> None:
        self.set("never")
        self.talk()
        self.assertEqual(self.bodies(self.romeo), ["in", "out"])

    def test_no_id_without_archive(self) -> None:
        """XEP-0313, 2.6: what is not archived gets no id."""
        self.set("never")
        self.juliet.taken()
        self.romeo.send(message("1"))
        [got] = self.juliet.taken()
        self.assertNotIn(b"stanza-id", got.inner)


class DefaultTest(PreferencesCase):
    extensions: ClassVar[list[Any]] = [
        StanzaIds,
        (ArchivePreferences, ArchivePreferences.Options(default="never")),
    ]

    def test_of_the_server(self) -> None:
        self.assertEqual(self.get()[0], "never")
        self.romeo.send(message("1"))
        self.assertEqual(self.bodies(self.juliet), [])
