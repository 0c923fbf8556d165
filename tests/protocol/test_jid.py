"""RFC 7622 (3.1 to 3.5) and RFC 6122: what is an address, and which one."""

# ruff: noqa: RUF001 (letters that look alike are what this is about)

import copy
import os
import pickle
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.protocol.jid import CACHED_LENGTH, InvalidJid, Jid, new_local

VALID = [
    # RFC 7622, table 1
    ("juliet@example.com", "juliet", "example.com", ""),
    ("juliet@example.com/foo", "juliet", "example.com", "foo"),
    ("juliet@example.com/foo bar", "juliet", "example.com", "foo bar"),
    ("juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"),
    (r"foo\20bar@example.com", r"foo\20bar", "example.com", ""),
    ("fussball@example.com", "fussball", "example.com", ""),
    ("fußball@example.com", "fußball", "example.com", ""),
    ("π@example.com", "π", "example.com", ""),
    ("Σ@example.com", "σ", "example.com", ""),
    ("ς@example.com", "ς", "example.com", ""),
    ("king@example.com/♚", "king", "example.com", "♚"),
    ("example.com", "", "example.com", ""),
    ("example.com/foobar", "", "example.com", "foobar"),
    ("a.example.com/b@example.net", "", "a.example.com", "b@example.net"),
    # where the first slash and the first at-sign divide (RFC 7622, 3.2)
    ("server/resource@foo/bar", "", "server", "resource@foo/bar"),
    ("a@b//", "a", "b", "/"),
    # case and width
    ("Juliet@Example.COM/Balcony", "juliet", "example.com", "Balcony"),
    ("ＪＵＬＩＥＴ@ｅｘａｍｐｌｅ.com", "juliet", "example.com", ""),
    ("ÄRGER@MÜNCHEN.de/Ä", "ärger", "münchen.de", "Ä"),
    ("e\u0301@b/e\u0301", "é", "b", "é"),
    # spaces in a resource are ASCII spaces (RFC 8265, 4.2.1), and may lead (erratum 4560)
    ("a@b/ c", "a", "b", " c"),
    ("a@b/c\u2003d", "a", "b", "c d"),
    ("a@b/🍺", "a", "b", "🍺"),
    # domains
    ("a@b.example.", "a", "b.example", ""),
    ("a@b。example", "a", "b.example", ""),
    ("a@xn--mnchen-3ya.de", "a", "münchen.de", ""),
    ("a@XN--MNCHEN-3YA.de", "a", "münchen.de", ""),
    ("a@xn--strae-oqa.de", "a", "straße.de", ""),
    ("a@192.168.1.1", "a", "192.168.1.1", ""),
    ("a@[2001:638:A000:4134::FFFF:40]", "a", "[2001:638:a000:4134::ffff:40]", ""),
    ("a@[2001:638:a000:4134:0::ffff:40]", "a", "[2001:638:a000:4134::ffff:40]", ""),
    ("a@[fe80::1%eno1]/x", "a", "[fe80::1%eno1]", "x"),
    ("a@" + "b" * 80, "a", "b" * 80, ""),
    # valid under RFC 6122 alone
    ("♚@example.com", "♚", "example.com", ""),
    ("henryⅣ@example.com", "henryiv", "example.com", ""),
    ("so\u00adft@example.com/so\u00adft", "soft", "example.com", "soft"),
    ("a@☃.example", "a", "☃.example", ""),
    ("a@xn--n3h.example", "a", "☃.example", ""),
    # the longest parts (RFC 7622, 3.1)
    ("a" * 1023 + "@b", "a" * 1023, "b", ""),
    ("a@b/" + "c" * 1023, "a", "b", "c" * 1023),
]

INVALID = [
    "",
    "@",
    "/",
    "@/",
    "@b",
    "a@",
    "a@/c",
    "@b/c",
    "/c",
    "a@b/",
    "b/",
    "a@@b",
    "a@b@c",
    "a@b@c/d",
    # RFC 7622, table 2
    '"juliet"@example.com',
    "foo bar@example.com",
    # what 3.3.1 excludes, also when it is only a width or a composition away
    "a&b@c",
    "a'b@c",
    "a:b@c",
    "a<b@c",
    "a>b@c",
    "a＠b@c",
    "a＂b@c",
    "a℀b@c",
    # control characters, surrogates, unassigned code points
    "jul\x01iet@example.com",
    "a@b/\x07",
    "a@b/\x00",
    "a@b/\n",
    "\ud800@b",
    "a@\ud800",
    "a@b/\udfff",
    "a\u0378@b",
    "a@b\u0378",
    "a@b/\u0378",
    "a@b/\u061cx",
    # nothing left after mapping
    "\u00ad@b",
    "a@\u00ad",
    "a@b/\u00ad",
    # labels
    "a@-b",
    "a@b-",
    "a@b.-c",
    "a@.b",
    "a@b..c",
    "a@b..",
    "a@.",
    "a@b_c",
    "a@b c",
    "a@b\u3002\u3002c",
    "a@xn--",
    "a@xn--abc-",
    "a@xn--b-5da",  # of a capital letter, so of no U-label
    "a@xn--mnchen-3ya!.de",
    "a@xn--fa-hia\u0378",
    "a@" + "ü" * 63,
    "a@[1]",
    "a@[::1",
    "a@[::1]x",
    "a@[::1%]",
    "a@[::1%<]",
    "a@::1",
    # too long
    "a" * 1024 + "@b",
    "é" * 512 + "@b",
    "a@" + "b." * 511 + "bb",
    "a@b/" + "c" * 1024,
    "a@b/" + "é" * 512,
]

hostile = st.text(st.characters(), max_size=12)
pieces = st.lists(
    st.sampled_from(["@", "/", ".", "-", "a", "B", "xn--", "ß", "ς", "Ⅳ", "\u00ad", "ﬁ", "\u10a0"])
    | hostile,
    max_size=8,
).map("".join)


def parts(jid: Jid) -> tuple[str, str, str]:
    return jid.local, jid.domain, jid.resource


def parsed_or_none(text: str) -> Jid | None:
    try:
        return Jid.parse(text)
    except InvalidJid:
        return None


class Parsing(SynchronousTestCase):
    def test_valid(self) -> None:
        for text, *expected in VALID:
            with self.subTest(text=ascii(text)):
                self.assertEqual(parts(Jid.parse(text)), tuple(expected))

    def test_invalid(self) -> None:
        for text in INVALID:
            with self.subTest(text=ascii(text)):
                self.assertRaises(InvalidJid, Jid.parse, text)

    def test_reason_is_one_line_that_quotes_nothing(self) -> None:
        for text in INVALID:
            with self.subTest(text=ascii(text)):
                reason = str(self.assertRaises(InvalidJid, Jid.parse, text))
                self.assertTrue(reason.isprintable() and reason.isascii(), reason)
                self.assertLess(len(reason), 100)

    def test_same_text_same_object(self) -> None:
        self.assertIs(Jid.parse("a@b/c"), Jid.parse("a@b/c"))

    def test_long_text_is_not_kept(self) -> None:
        text = "a@b/" + "c" * CACHED_LENGTH
        self.assertIsNot(Jid.parse(text), Jid.parse(text))
        self.assertEqual(Jid.parse(text), Jid.parse(text))

    def test_parsing_a_jid_again(self) -> None:
        jid = Jid.parse("A@b")
        self.assertIs(Jid.parse(jid), jid)
        self.assertIs(Jid(jid), jid)

    def test_calling_the_class_prepares(self) -> None:
        self.assertEqual(Jid("Juliet@Example.com"), "juliet@example.com")

    @settings(deadline=None, max_examples=300)
    @given(pieces)
    def test_never_anything_but_invalid(self, text: str) -> None:
        parsed_or_none(text)

    @settings(deadline=None, max_examples=300)
    @given(pieces)
    def test_preparing_again_changes_nothing(self, text: str) -> None:
        jid = parsed_or_none(text)
        if jid is None:
            return
        again = Jid.parse(str(jid))
        self.assertEqual((again, parts(again)), (jid, parts(jid)))

    @settings(deadline=None, max_examples=200)
    @given(pieces)
    def test_parts_round_trip(self, text: str) -> None:
        jid = parsed_or_none(text)
        if jid is None:
            return
        self.assertEqual(Jid.of(*parts(jid)), jid)

    @settings(deadline=None, max_examples=200)
    @given(hostile, hostile, hostile)
    def test_of_makes_what_parse_reads_back(self, local: str, domain: str, resource: str) -> None:
        try:
            jid = Jid.of(local, domain, resource)
        except InvalidJid:
            return
        self.assertEqual(parts(Jid.parse(str(jid))), parts(jid))


class Parts(SynchronousTestCase):
    def test_of(self) -> None:
        jid = Jid.of("Juliet", "Example.com", "Balcony")
        self.assertEqual(parts(jid), ("juliet", "example.com", "Balcony"))
        self.assertEqual(Jid.of("", "b"), "b")
        self.assertEqual(Jid.of("", "b", "c"), "b/c")

    def test_of_does_not_split_parts(self) -> None:
        for given_parts in [("a@b", "c"), ("a/b", "c"), ("", "a@b"), ("a", "b/c"), ("a", "")]:
            with self.subTest(parts=given_parts):
                self.assertRaises(InvalidJid, Jid.of, *given_parts)

    def test_bare(self) -> None:
        full = Jid.parse("a@b/c")
        self.assertEqual(parts(full.bare), ("a", "b", ""))
        self.assertIs(full.bare, full.bare)
        self.assertIs(full.bare.bare, full.bare)
        self.assertEqual(Jid.parse("b/c").bare, "b")

    def test_is_bare(self) -> None:
        self.assertFalse(Jid.parse("a@b/c").is_bare)
        self.assertTrue(Jid.parse("a@b").is_bare)
        self.assertTrue(Jid.parse("b").is_bare)

    def test_host(self) -> None:
        self.assertEqual(Jid.parse("a@b/c").host, Jid.parse("b"))
        self.assertEqual(Jid.parse("b/c").host, Jid.parse("b"))
        domain = Jid.parse("b")
        self.assertIs(domain.host, domain)

    def test_with_resource(self) -> None:
        jid = Jid.parse("a@b/c").with_resource("x\u2003y")
        self.assertEqual(parts(jid), ("a", "b", "x y"))

    def test_with_bad_resource(self) -> None:
        jid = Jid.parse("a@b")
        for resource in ["", "\x07", "c" * 1024]:
            self.assertRaises(InvalidJid, jid.with_resource, resource)


class BeingText(SynchronousTestCase):
    def test_equal_and_hash_as_text(self) -> None:
        jid = Jid.parse("A@B/c")
        self.assertEqual({jid: 1}["a@b/c"], 1)
        self.assertEqual({"a@b/c": 1}[jid], 1)
        self.assertEqual(f"{jid}", "a@b/c")
        self.assertIs(type(str(jid)), str)
        self.assertEqual(repr(jid), "Jid('a@b/c')")

    def test_survives_pickle_and_copy(self) -> None:
        jid = Jid.parse("ß@b/c")
        self.assertEqual(jid.bare, "ß@b")
        copies = [copy.copy(jid), copy.deepcopy(jid)]
        copies += [pickle.loads(pickle.dumps(jid, version)) for version in range(6)]
        for other in copies:
            self.assertIs(type(other), Jid)
            self.assertEqual((other, parts(other)), (jid, parts(jid)))
            self.assertEqual(other.bare, jid.bare)


class NewLocal(SynchronousTestCase):
    def test_same_under_both(self) -> None:
        for text, local in [
            ("Juliet", "juliet"),
            ("ÄRGER", "ärger"),
            ("ｊ", "j"),
            ("日本", "日本"),
        ]:
            self.assertEqual(new_local(text), local)

    def test_differing_under_the_two(self) -> None:
        for text in ["fußball", "ς", "henryⅣ", "ﬁ", "so\u00adft", "ª", "♚"]:
            with self.subTest(text=ascii(text)):
                self.assertRaises(InvalidJid, new_local, text)

    def test_newer_than_stringprep(self) -> None:
        self.assertRaises(InvalidJid, new_local, "\u1e9e")

    def test_excluded(self) -> None:
        for text in ["", "a b", "a@b", "a/b", "a'b", 'a"b', "a&b", "a:b", "a<b", "a>b", "a" * 1024]:
            self.assertRaises(InvalidJid, new_local, text)

    @settings(deadline=None, max_examples=200)
    @given(hostile)
    def test_is_the_local_that_everyone_sees(self, text: str) -> None:
        try:
            local = new_local(text)
        except InvalidJid:
            return
        self.assertEqual(Jid.of(text, "b").local, local)
        self.assertEqual(new_local(local), local)


if "XMPPD_VECTORS" in os.environ:

    class Corpus(SynchronousTestCase):
        """The corpus of jXMPP, whose strings must be valid under RFC 7622 alone."""

        CASE_FOLDED = frozenset({"ς@example.com"})
        """RFC 8265, 3.3.2 lowers case and no longer folds it."""

        RFC_6122 = frozenset({"henryⅣ@example.com", "♚@example.com"})
        """Valid under RFC 6122, so let in."""

        def read(self, name: str) -> str:
            return Path(os.environ["XMPPD_VECTORS"], name).read_text(encoding="utf-8")

        def test_valid(self) -> None:
            form = "^jid:\n([^\x1e\n]+)\x1e\n([^\x1f]*)\x1f([^\x1f]*)\x1f([^\x1e]*)\x1e$"
            for text, *expected in re.findall(form, self.read("jids-valid.txt"), re.M):
                if text not in self.CASE_FOLDED:
                    self.assertEqual(parts(Jid.parse(text)), tuple(expected))

        def test_invalid(self) -> None:
            form = "^invalid jid:\n([^\x1e]*)\x1e$"
            for text in re.findall(form, self.read("jids-invalid.txt"), re.M):
                if text not in self.RFC_6122:
                    self.assertRaises(InvalidJid, Jid.parse, text)
