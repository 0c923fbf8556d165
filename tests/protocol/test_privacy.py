"""XEP-0016: rules and what they decide."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.words.xish.domish import Element

from xmppd.protocol.jid import Jid
from xmppd.protocol.parsing import parse_stanza
from xmppd.protocol.privacy import KINDS, PRIVACY, Filter, Lists, Rule, RuleType, parse_rules

TYBALT = Jid.parse("tybalt@capulet.example/pda")


def items(xml: str) -> list[Element]:
    stanza = parse_stanza(f"<list xmlns='{PRIVACY}'>{xml}</list>".encode())
    return list(stanza.element().elements())


def rules(xml: str) -> tuple[Rule, ...]:
    return parse_rules(items(xml))


class RuleTest(SynchronousTestCase):
    def test_read_and_written(self) -> None:
        """XEP-0016, 2.1."""
        for xml in (
            "<item type='jid' value='tybalt@example.com' action='deny' order='3'/>",
            "<item action='allow' order='0'/>",
            "<item type='group' value='Enemies' action='deny' order='4'><message/></item>",
            "<item type='subscription' value='both' action='allow' order='10'>"
            "<iq/><presence-in/></item>",
        ):
            [rule] = rules(xml)
            self.assertEqual(rule.to_item().decode(), xml)

    @settings(deadline=None, max_examples=100)
    @given(st.booleans(), st.integers(0, 2**32 - 1), st.sampled_from(["group", ""]),
           st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1),
           st.sets(st.sampled_from(KINDS)))  # fmt: skip
    def test_any_rule_comes_back(
        self, deny: bool, order: int, type: RuleType, value: str, kinds: set[str]
    ) -> None:
        kept = tuple(kind for kind in KINDS if kind in kinds)
        rule = Rule(deny, order, type, value if type else "", kept)
        self.assertEqual(rules(rule.to_item().decode()), (rule,))

    def test_jids_are_prepared(self) -> None:
        [rule] = rules("<item type='jid' value='Tybalt@Example.com' action='deny' order='3'/>")
        self.assertEqual(rule.value, "tybalt@example.com")

    def test_wrong(self) -> None:
        """XEP-0016, 2.1: what a list must not hold."""
        for wrong in (
            "<item order='1'/>",
            "<item action='block' order='1'/>",
            "<item action='deny'/>",
            "<item action='deny' order='-1'/>",
            "<item action='deny' order='4294967296'/>",
            "<item action='deny' order='x'/>",
            "<item type='jid' value='' action='deny' order='1'/>",
            "<item type='jid' value='a@' action='deny' order='1'/>",
            "<item type='group' action='deny' order='1'/>",
            "<item type='subscription' value='some' action='deny' order='1'/>",
            "<item type='name' value='x' action='deny' order='1'/>",
            "<item action='deny' order='1'><presence/></item>",
            "<item action='deny' order='1'/><item action='allow' order='01'/>",
        ):
            with self.subTest(wrong=wrong), self.assertRaises(ValueError):
                rules(wrong)


class FilterTest(SynchronousTestCase):
    def denies(
        self, xml: str, kind: str | None = "message", jid: str = TYBALT,
        groups: tuple[str, ...] = (), subscription: str = "none",
    ) -> bool:  # fmt: skip
        rule = Filter(rules(xml)).first(kind, Jid.parse(jid), groups, subscription)
        return rule is not None and rule.deny

    def test_by_jid(self) -> None:
        """XEP-0016, 2.1: what each form of JID matches."""
        for value, others in [
            ("tybalt@capulet.example/pda", ["tybalt@capulet.example", "tybalt@capulet.example/x"]),
            ("tybalt@capulet.example", ["paris@capulet.example/pda"]),
            ("capulet.example/pda", ["capulet.example", "capulet.example/x"]),
            ("capulet.example", ["montague.example", "tybalt@x.capulet.example"]),
        ]:
            xml = f"<item type='jid' value='{value}' action='deny' order='1'/>"
            self.assertTrue(self.denies(xml, jid=value), value)
            for other in others:
                self.assertFalse(self.denies(xml, jid=other), (value, other))
        for value in "tybalt@capulet.example", "capulet.example":
            xml = f"<item type='jid' value='{value}' action='deny' order='1'/>"
            self.assertTrue(self.denies(xml))

    def test_by_group_and_subscription(self) -> None:
        group = "<item type='group' value='Enemies' action='deny' order='1'/>"
        self.assertTrue(self.denies(group, groups=("a", "Enemies")))
        self.assertFalse(self.denies(group, groups=("enemies",)))
        to = "<item type='subscription' value='to' action='deny' order='1'/>"
        self.assertTrue(self.denies(to, subscription="to"))
        self.assertFalse(self.denies(to, subscription="both"))
        none = "<item type='subscription' value='none' action='deny' order='1'/>"
        self.assertTrue(self.denies(none))

    def test_order_and_fall_through(self) -> None:
        """XEP-0016, 2.2, rules 5 to 7."""
        jid = "<item type='jid' value='tybalt@capulet.example' action='{}' order='{}'/>"
        rest = "<item action='{}' order='{}'/>"
        self.assertFalse(self.denies(rest.format("deny", 5) + jid.format("allow", 3)))
        self.assertTrue(self.denies(rest.format("deny", 5) + jid.format("allow", 7)))
        self.assertTrue(self.denies(jid.format("deny", 1) + rest.format("allow", 2)))
        self.assertFalse(self.denies(jid.format("deny", 1), jid="a@b.test"))

    def test_kinds(self) -> None:
        """XEP-0016, 2.1 and 2.12: what is limited leaves the rest alone, subscriptions too."""
        for limited in KINDS:
            xml = f"<item action='deny' order='1'><{limited}/></item>"
            for kind in (*KINDS, None):
                self.assertEqual(self.denies(xml, kind), kind == limited, (limited, kind))
        for kind in (*KINDS, None):
            self.assertTrue(self.denies("<item action='deny' order='1'/>", kind))

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.tuples(st.booleans(), st.sampled_from(
        [("", ""), ("jid", "a@b.c"), ("jid", "b.c"), ("group", "g"), ("subscription", "to")]
    ), st.sets(st.sampled_from(KINDS)))), st.sampled_from([*KINDS, None]))  # fmt: skip
    def test_like_a_plain_search(self, given_rules: list, kind: str | None) -> None:  # type: ignore[type-arg]
        """The index changes nothing: the first that fits decides."""
        made = [
            Rule(deny, order, *subject, tuple(sorted(kinds)))
            for order, (deny, subject, kinds) in enumerate(given_rules)
        ]
        who = Jid.parse("a@b.c/d")
        fits = {("", ""), ("jid", "a@b.c"), ("jid", "b.c"), ("group", "g"), ("subscription", "to")}
        expected = next(
            (
                rule
                for rule in made
                if (rule.type, rule.value) in fits and (not rule.kinds or kind in rule.kinds)
            ),
            None,
        )
        self.assertEqual(Filter(reversed(made)).first(kind, who, ("g",), "to"), expected)


class ListsTest(SynchronousTestCase):
    def test_blocklist_alone(self) -> None:
        """XEP-0191, 5, 1: the default list is the blocklist."""
        lists = Lists().blocking(["a@b.c", "d.e"])
        self.assertEqual(lists.blocked(), ("a@b.c", "d.e"))
        self.assertTrue(lists.default)
        self.assertEqual(lists.unblocking(["a@b.c"]).blocked(), ("d.e",))
        self.assertEqual(lists.unblocking(["x@y.z"]), lists)
        self.assertEqual(lists.unblocking(None), Lists())

    def test_before_all_else(self) -> None:
        """XEP-0191, 5: blocked items come first, also where the list allows them later."""
        allow = rules("<item type='jid' value='a@b.c' action='allow' order='0'/>")
        lists = Lists("mine", {"mine": allow}).blocking(["a@b.c"])
        self.assertEqual(
            [(rule.order, rule.deny) for rule in lists.lists["mine"]], [(1, True), (2, False)]
        )
        self.assertEqual(lists.blocking(["a@b.c"]), lists)
        self.assertEqual([r.deny for r in lists.unblocking(None).lists["mine"]], [False])

    def test_what_is_blocked_already(self) -> None:
        """It stays where it is: nothing changes."""
        lists = Lists().blocking(["a@b.c", "d.e"])
        self.assertIs(lists.blocking(["d.e"]), lists)
        self.assertEqual(lists.blocking(["d.e", "f.g"]).blocked(), ("f.g", "a@b.c", "d.e"))

    def test_what_is_blocked_in_vain(self) -> None:
        """An earlier rule allowed it."""
        some = rules(
            "<item type='jid' value='a@b.c' action='allow' order='1'/>"
            "<item type='jid' value='a@b.c' action='deny' order='2'/>"
        )
        lists = Lists("mine", {"mine": some}).blocking(["a@b.c"])
        self.assertEqual([rule.deny for rule in lists.lists["mine"]], [True, False])

    def test_only_whole_blocks_are_shown(self) -> None:
        """XEP-0191, 5, 3."""
        some = rules(
            "<item type='jid' value='a@b.c' action='deny' order='1'><message/></item>"
            "<item type='group' value='g' action='deny' order='2'/>"
            "<item type='jid' value='d@e.f' action='deny' order='3'/>"
        )
        self.assertEqual(Lists("x", {"x": some, "y": some}).blocked(), ("d@e.f",))
        self.assertEqual(Lists("", {"x": some}).blocked(), ())

    def test_lists_of_others_stay(self) -> None:
        some = rules("<item action='deny' order='1'/>")
        lists = Lists("", {"blocked": some}).blocking(["a@b.c"])
        self.assertEqual(lists.lists["blocked"], some)
        self.assertEqual(lists.default, "blocked 2")
        self.assertEqual(lists.with_list(lists.default, ()).default, "")
