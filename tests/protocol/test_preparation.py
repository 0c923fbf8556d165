"""RFC 4013 and RFC 8265 for passwords; the parts of addresses beyond what `test_jid` asks."""

import json
import os
import sys
import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from precis_i18n import get_profile
from twisted.trial.unittest import SynchronousTestCase
from twisted.words.protocols.jabber.xmpp_stringprep import nameprep, nodeprep, resourceprep

from xmppd.protocol.preparation import (
    MAXIMUM_BYTES,
    _opaque_string,
    _precis,
    _username,
    prepare_domain,
    prepare_local,
    prepare_new_local,
    prepare_password,
    prepare_resource,
)

# RFC 4013, section 3
SASLPREP = [
    ("I\u00adX", "IX"),
    ("user", "user"),
    ("USER", "USER"),
    ("\u00aa", "a"),
    ("\u2168", "IX"),
]


def outcome(prepare: Callable[[str], str], text: str) -> str | None:
    try:
        return prepare(text)
    except ValueError:
        return None


def calls(prepare: Callable[[str], str], text: str) -> int:
    """How many functions that takes: time, as a machine does not change it."""
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        outcome(prepare, text)
    finally:
        sys.setprofile(None)
    return count


class Password(SynchronousTestCase):
    def test_saslprep(self) -> None:
        for text, prepared in SASLPREP:
            self.assertEqual(prepare_password(text), prepared)

    def test_spaces(self) -> None:
        self.assertEqual(prepare_password("a\u00a0b\u3000c "), "a b c ")

    def test_characters_saslprep_does_not_know(self) -> None:
        self.assertEqual(prepare_password("pass😀"), "pass😀")

    def test_prohibited(self) -> None:
        for text in ["", "\u00ad", "\x07", "a\x00b", "\ud800", "\u0378"]:
            with self.subTest(text=ascii(text)):
                self.assertRaises(ValueError, prepare_password, text)

    @settings(deadline=None, max_examples=200)
    @given(st.text(st.characters(), max_size=12))
    def test_composed_or_not_is_the_same(self, text: str) -> None:
        composed = unicodedata.normalize("NFC", text)
        decomposed = unicodedata.normalize("NFD", text)
        self.assertEqual(outcome(prepare_password, composed), outcome(prepare_password, decomposed))


class Address(SynchronousTestCase):
    def test_ascii_is_as_the_profiles_say(self) -> None:
        for prepare, profile in [
            (prepare_local, nodeprep),
            (prepare_domain, nameprep),
            (prepare_resource, resourceprep),
        ]:
            for character in map(chr, range(128)):
                text = f"A{character}b"
                self.assertEqual(outcome(prepare, text), outcome(profile.prepare, text))

    @settings(deadline=None, max_examples=300)
    @given(st.text(st.characters(), max_size=4))
    def test_result_is_stable_and_fits(self, text: str) -> None:
        for prepare in (prepare_local, prepare_domain, prepare_resource, prepare_new_local):
            prepared = outcome(prepare, text)
            if prepared is not None:
                self.assertEqual(prepare(prepared), prepared)
                self.assertTrue(1 <= len(prepared.encode()) <= MAXIMUM_BYTES)


class Rules(SynchronousTestCase):
    """RFC 5892, A.7 to A.9: rules about a whole text that one of its characters asks for."""

    @settings(deadline=None, max_examples=500)
    @given(
        st.text(
            "a\u03b1l\u00b7\u30fb\uff65\u30a2\u0661\u0662\u06f1\u05d0\u05f3\u0375\u0628\u200c\u094d\u200d"
        )
    )
    def test_as_the_library_has_them(self, text: str) -> None:
        for name, profile in (("UsernameCaseMapped", _username), ("OpaqueString", _opaque_string)):
            self.assertEqual(
                outcome(partial(_precis, profile), text),
                outcome(get_profile(name).enforce, text),
                ascii(text),
            )

    def test_time_grows_with_the_text_alone(self) -> None:
        for many in ("\u30fb", "\u0661", "\u06f1"):
            for prepare in (prepare_local, prepare_resource, prepare_password, prepare_domain):
                for text in (many * 100 + "\u30a2", "\u30a2" + many * 100):
                    short, long = calls(prepare, text), calls(prepare, text.replace(many, many * 3))
                    self.assertLess(long, 4 * short, (ascii(many), prepare.__name__))


if "XMPPD_VECTORS" in os.environ:

    class Golden(SynchronousTestCase):
        """The PRECIS cases: what a profile of RFC 7622 accepts must come out as it says."""

        def cases(self, profile: str) -> list[tuple[str, str]]:
            text = Path(os.environ["XMPPD_VECTORS"], "precis-golden.json").read_text("utf-8")
            return [
                (case["input"], case["output"])
                for case in json.loads(text)
                if case["profile"] == profile and case["error"] is None
            ]

        def test_local(self) -> None:
            for text, output in self.cases("UsernameCaseMapped"):
                if set("\"&'/:<>@").isdisjoint(output):
                    self.assertEqual(prepare_local(text), output)

        def test_resource(self) -> None:
            for text, output in self.cases("OpaqueString"):
                self.assertEqual(prepare_resource(text), output)
