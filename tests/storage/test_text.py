"""Whatever is stored, its text reads back the same."""

from __future__ import annotations

import contextlib
import json
import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from xmppd.storage import filenames, text, toml
from xmppd.storage.driver import Cell, RawRow
from xmppd.storage.holding import Rows
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "version", "@tag", "@value", "@xml", "rows", "a.b", '"', "'", "\x7f\x85\u2028"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
raws = values.map(json.dumps) | st.binary(max_size=20)
quick = settings(deadline=None, max_examples=50)


def same(one: str | bytes, other: str | bytes) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return bool(json.loads(one) == json.loads(other))
    return one == other


class TextTest(SynchronousTestCase):
    @quick
    @given(values)
    def test_toml(self, value: object) -> None:
        """Any JSON value is one TOML value."""
        read = tomllib.loads(toml.dumps({"x": toml.box(value)}))
        self.assertEqual(toml.unbox(read["x"]), value)

    @quick
    @given(values, st.integers(0, 1 << 62))
    def test_document(self, value: object, version: int) -> None:
        """A document keeps value and version."""
        cell = text.read_document(text.write_document(Cell(json.dumps(value), version)))
        self.assertEqual((json.loads(cell.raw), cell.version), (value, version))

    @quick
    @given(
        st.lists(
            st.tuples(texts, texts, raws, st.none() | texts, st.none() | st.integers(0, 1 << 62)),
            unique_by=lambda row: row[:2],
            max_size=5,
        )
    )
    def test_table(
        self, fields: list[tuple[str, str, str | bytes, str | None, int | None]]
    ) -> None:
        """A table keeps rows, and within a section their order."""
        rows = [
            RawRow(section, key, raw, number, tag, expires)
            for number, (section, key, raw, tag, expires) in enumerate(fields, 1)
        ]
        found = list(text.read_table(text.write_table(Rows(rows))))
        for section in {row.section for row in rows}:
            there = [row for row in found if row.section == section]
            expected = [row for row in rows if row.section == section]
            self.assertEqual([row.key for row in there], [row.key for row in expected])
            for one, other in zip(there, expected, strict=True):
                self.assertEqual((one.tag, one.expires), (other.tag, other.expires))
                assert one.raw is not None and other.raw is not None
                self.assertTrue(same(one.raw, other.raw))

    @quick
    @given(
        st.lists(
            st.tuples(st.integers(0, (1 << 63) - 1), texts, texts, st.integers(), st.binary()),
            max_size=4,
        ),
        st.binary(max_size=30),
    )
    def test_entries(self, fields: list[tuple[int, str, str, int, bytes]], garbage: bytes) -> None:
        """Entries read back; garbage after them is either cut off or refused, never an entry."""
        entries = [
            Entry(Mark(time, 7).to_id(), time, peer, resource, kind, body)
            for time, peer, resource, kind, body in fields
        ]
        data = b"".join(map(text.write_entry, entries))
        self.assertEqual(text.read_entries(data), (entries, len(data)))
        try:
            found = text.read_entries(data + garbage)
        except ValueError:
            return
        self.assertEqual(found, (entries, len(data)))

    @quick
    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        """Whatever stands in a file is read or refused as ValueError."""
        for read in (text.read_document, text.read_table, text.read_entries):
            with contextlib.suppress(ValueError):
                read(data)

    @quick
    @given(st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=5))
    def test_names(self, name: str, other: str) -> None:
        """A file name says its text, and is nobody else's even where case is ignored."""
        encoded = filenames.encode(name)
        if not filenames.is_cut(encoded):
            self.assertEqual(filenames.decode(encoded), name)
        self.assertLessEqual(len(encoded.encode()), filenames.LONGEST)
        self.assertEqual(encoded, encoded.lower())
        self.assertNotIn("/", encoded)
        self.assertNotIn(encoded[0], ".")
        filenames.decode(other)

    def test_known_names(self) -> None:
        """Common names stay readable, odd ones cannot escape."""
        for name, encoded in (
            ("juliet", "juliet"),
            ("", "_host"),
            ("_host", "%5fhost"),
            ("..", "%2e."),
            ("a/B", "a%2f%42"),
            ("ä", "%c3%a4"),
        ):
            self.assertEqual(filenames.encode(name), encoded)

    def test_foreign_names(self) -> None:
        """Names that we did not make stand for nobody."""
        for name in ("", ".git", "_name", "A", "%zz", "%ff", "a~0", "%C3"):
            self.assertIsNone(filenames.decode(name))
