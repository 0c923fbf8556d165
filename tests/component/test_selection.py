from collections.abc import Mapping

from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.extension import HookRule
from xmppd.component.selection import Selection
from xmppd.component.stages import Hook, Sent
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza


def named(name: str) -> Hook:
    """A hook that can be told from others."""
    return lambda: name


def rule(*having: tuple[str, str], noted: type | None = None) -> HookRule:
    return HookRule(Sent.NOTE, None, having, noted)


class SelectionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.selection = Selection(
            [
                (named("all"), rule()),
                (named("q"), rule(("u", "q"))),
                (named("q or body"), rule(("u", "q"), (CONTENT, "body"))),
                (named("int"), rule(noted=int)),
                (named("q and str"), rule(("u", "q"), noted=str)),
                (named("all again"), rule()),
            ]
        )

    def of(self, inner: bytes, notes: Mapping[type, object]) -> list[str]:
        hooks = self.selection.of(Stanza.make("message", inner), notes)
        return [hook() for hook in hooks]

    def test_nothing_met(self) -> None:
        """Neither by what has only the name, or only the namespace, nor by other notes."""
        others: tuple[Mapping[type, object], ...] = {}, {str: 1}, {float: 1}
        for inner in b"", b"<q/>", b"<q xmlns='v'/>", b"<r xmlns='u'/>", b"<r><q xmlns='u'/></r>":
            for notes in others:
                self.assertEqual(self.of(inner, notes), ["all", "all again"])

    def test_children(self) -> None:
        """Any of those that a hook asks for, wherever it stands."""
        found = ["all", "q", "q or body", "all again"]
        self.assertEqual(self.of(b"<q xmlns='u'/>", {}), found)
        self.assertEqual(self.of(b"<a/>text<p:q xmlns:p='u'/>", {float: 1}), found)
        self.assertEqual(self.of(b"<body/>", {}), ["all", "q or body", "all again"])

    def test_notes(self) -> None:
        self.assertEqual(self.of(b"", {float: 1, int: 0}), ["all", "int", "all again"])
        self.assertEqual(self.of(b"<body/>", {int: None}), ["all", "q or body", "int", "all again"])

    def test_both(self) -> None:
        """A hook that asks for a child and a note needs both."""
        found = ["all", "q", "q or body", "q and str", "all again"]
        self.assertEqual(self.of(b"<q xmlns='u'/>", {str: ""}), found)

    def test_as_it_is_now(self) -> None:
        """What a stanza met once, another need not meet."""
        self.assertEqual(len(self.of(b"<body/>", {})), 3)
        self.assertEqual(len(self.of(b"<subject/>", {})), 2)
        self.assertEqual(len(self.of(b"<body/>", {})), 3)

    def test_none(self) -> None:
        self.assertEqual(Selection().of(Stanza.make("iq"), {int: 1}), ())
