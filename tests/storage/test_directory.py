"""Hands in the files, damage, and what is left over."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET, ROMEO, STRANGE
from xmppd.storage.codecs import JsonCodec, XmlCodec
from xmppd.storage.directory import DirectoryStore
from xmppd.storage.interfaces import (
    Corrupt,
    Locked,
    NoSuchEntry,
    StorageError,
    TooNew,
    TooOld,
    Unavailable,
    Where,
)

ROSTER = """\
version = {version}

[rows."romeo@example.net"]
name = "Romeo"
groups = ["Friends"]
"@tag" = "romeo@example.net"
"""


class DirectoryCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000)
        self.folder = Path(self.mktemp())
        self.juliet = self.folder / "accounts" / "example.com" / "juliet"
        self.edits: list[Any] = []
        self.open()
        self.addCleanup(self.close)

    def open(self) -> None:
        self.store = DirectoryStore(self.folder, self.clock)
        self.store.on_edit(lambda *edit: self.edits.append(edit))
        self.successResultOf(self.store.open())
        self.roster = self.store.table("roster", JsonCodec(), versioned=True)
        self.vcard = self.store.document("vcard", XmlCodec())
        self.archive = self.store.log("archive")

    def close(self) -> None:
        self.store.close()
        self.clock.advance(1)

    def reopen(self) -> None:
        self.close()
        self.open()

    def commit(self) -> None:
        self.clock.advance(0.01)

    def second(self) -> None:
        self.clock.pump([1, 0.01])

    def put_romeo(self) -> int:
        write = self.roster.put(
            JULIET,
            "romeo@example.net",
            {"name": "Romeo", "groups": ["Friends"]},
            tag="romeo@example.net",
        )
        self.commit()
        return self.successResultOf(write)

    def names(self) -> list[str]:
        rows = self.successResultOf(self.roster.items(JULIET))
        return [row.value["name"] for row in rows]


class LookTest(DirectoryCase):
    def test_table(self) -> None:
        """A table is one readable file in the owner's folder."""
        version = self.put_romeo()
        text = (self.juliet / "roster.toml").read_text()
        self.assertEqual(text, ROSTER.format(version=version))

    def test_xml(self) -> None:
        """XML documents are the element itself."""
        self.vcard.put(JULIET, b"<vCard xmlns='vcard-temp'/>")
        self.commit()
        self.assertEqual((self.juliet / "vcard.xml").read_bytes(), b"<vCard xmlns='vcard-temp'/>")

    def test_log(self) -> None:
        """A log is a file a month: a line, then the body."""
        id = self.archive.append(JULIET, b"<message/>", peer="romeo@example.net", resource="a b")
        self.commit()
        text = (self.juliet / "archive" / "2023-11.log").read_text()
        self.assertEqual(text, f"{id} romeo@example.net a%20b 0 10\n<message/>\n")

    def test_months(self) -> None:
        """Another month is another file; a month whose entries all went is gone."""
        self.archive.append(JULIET, b"a")
        self.clock.advance(40 * 86_400)
        self.archive.append(JULIET, b"b")
        self.commit()
        names = sorted(os.listdir(self.juliet / "archive"))
        self.assertEqual(names, ["2023-11.log", "2023-12.log"])
        self.archive.trim(JULIET, keep=1)
        self.commit()
        self.assertEqual(os.listdir(self.juliet / "archive"), ["2023-12.log"])

    def test_private(self) -> None:
        """Nobody else can read anything."""
        self.put_romeo()
        self.vcard.put(STRANGE, b"<vCard xmlns='vcard-temp'/>")
        self.archive.append(JULIET, b"a")
        self.commit()
        for path in [self.folder, *self.folder.rglob("*")]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_erased(self) -> None:
        """Nothing is left of an owner who was erased, loaded or not."""
        self.put_romeo()
        self.archive.append(JULIET, b"a")
        self.vcard.put(STRANGE, b"<vCard xmlns='vcard-temp'/>")
        self.commit()
        self.reopen()
        for owner in (JULIET, STRANGE):
            self.store.erase(owner)
        self.commit()
        left = [path for path in (self.folder / "accounts").rglob("*") if path.name != "_name"]
        self.assertEqual([path.parent.name for path in left], ["accounts"] * len(left))

    def test_backup(self) -> None:
        """A backup is a tar file with everybody in it."""
        self.put_romeo()
        path = Path(self.mktemp())
        self.successResultOf(self.store.backup(path))
        with tarfile.open(path) as tar:
            self.assertIn("accounts/example.com/juliet/roster.toml", tar.getnames())
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)


class EditTest(DirectoryCase):
    def edit(self, text: str, name: str = "roster.toml") -> None:
        self.juliet.mkdir(parents=True, exist_ok=True)
        (self.juliet / name).write_text(text)

    def test_seen_within_a_second(self) -> None:
        """A change by hand is told with its keys; only what changed has a new version."""
        version = self.put_romeo()
        self.roster.put(JULIET, "nurse@example.com", {"name": "Nurse"})
        self.commit()
        text = (self.juliet / "roster.toml").read_text()
        self.edit(text.replace('"Nurse"', '"Angelica"'))
        self.second()
        keys = frozenset({("", "nurse@example.com")})
        self.assertEqual(self.edits, [(JULIET, "roster", keys)])
        changes = self.successResultOf(self.roster.changes(JULIET, version))
        self.assertEqual([row.value for row in changes.rows], [{"name": "Angelica"}])

    def test_row_removed(self) -> None:
        """A row taken out by hand is a removal."""
        version = self.put_romeo()
        self.edit("version = 1\n")
        self.second()
        changes = self.successResultOf(self.roster.changes(JULIET, version))
        self.assertEqual((changes.rows, changes.removed), ([], [("", "romeo@example.net")]))
        self.assertGreater(changes.version, version)

    def test_file_removed(self) -> None:
        """A file taken away by hand is the removal of all it held."""
        self.put_romeo()
        self.vcard.put(JULIET, b"<v/>")
        self.commit()
        (self.juliet / "roster.toml").unlink()
        (self.juliet / "vcard.xml").unlink()
        self.second()
        self.assertEqual(self.names(), [])
        self.assertIsNone(self.successResultOf(self.vcard.get(JULIET)))
        self.assertEqual(len(self.edits), 2)

    def test_file_added(self) -> None:
        """A file written by hand from nothing, without any version, is read."""
        self.assertEqual(self.names(), [])
        self.edit('[rows."romeo@example.net"]\nname = "Romeo"\n')
        self.second()
        self.assertEqual(self.names(), ["Romeo"])

    def test_touched(self) -> None:
        """A file that says the same is no change."""
        version = self.put_romeo()
        self.edit((self.juliet / "roster.toml").read_text() + "# a comment\n")
        self.second()
        self.assertEqual(self.edits, [])
        self.assertEqual(self.successResultOf(self.roster.version(JULIET)), version)

    def test_own_writes(self) -> None:
        """What we write ourselves is not taken for a hand's."""
        self.put_romeo()
        self.second()
        self.assertEqual(self.edits, [])

    def test_write_after_edit(self) -> None:
        """A write that comes before the edit was seen is made to the edited file."""
        self.put_romeo()
        self.edit('[rows."nurse@example.com"]\nname = "Nurse"\n')
        self.roster.put(JULIET, "paris@example.com", {"name": "Paris"})
        self.commit()
        self.reopen()
        self.assertEqual(self.names(), ["Nurse", "Paris"])

    def test_edit_while_stopped(self) -> None:
        """What was edited while the server was down has a new version: no stale `ver`."""
        version = self.put_romeo()
        self.close()
        text = (self.juliet / "roster.toml").read_text()
        self.edit(text.replace('"Romeo"', '"Juliet\'s"'))
        self.open()
        self.assertGreater(self.successResultOf(self.roster.version(JULIET)), version)
        self.failureResultOf(self.roster.changes(JULIET, version), TooOld)

    def test_broken(self) -> None:
        """A file that does not parse: the old value is used, writes fail, the file stays."""
        self.put_romeo()
        self.edit('[rows."romeo@example.net"\nname = "Ro')
        self.second()
        self.assertEqual(self.names(), ["Romeo"])
        problem = self.failureResultOf(self.roster.put(JULIET, "x", {"name": "X"}), Corrupt)
        self.assertIn("roster.toml", str(problem.value))
        self.assertIn("line 1", str(problem.value))
        self.commit()
        self.assertIn('name = "Ro', (self.juliet / "roster.toml").read_text())

    def test_unreadable(self) -> None:
        """A file that a hand made unreadable is never overwritten, and mended it is seen."""
        self.put_romeo()
        path = self.juliet / "roster.toml"
        path.rename(path.with_name("elsewhere"))
        path.symlink_to("elsewhere")
        self.second()
        for _ in range(2):
            self.failureResultOf(self.roster.put(JULIET, "x", {"name": "X"}), Unavailable)
        self.commit()
        self.assertTrue(path.is_symlink())
        self.assertEqual(self.names(), ["Romeo"])
        path.unlink()
        path.write_text(ROSTER.format(version=1).replace('"Romeo"', '"Romeo Montague"'))
        self.second()
        self.assertEqual(self.names(), ["Romeo Montague"])

    def test_broken_file_stops_no_sweep(self) -> None:
        """What has expired elsewhere goes, though one file cannot be written."""
        tokens = self.store.table("tokens", JsonCodec())
        expires = int(self.clock.seconds()) + 5
        for owner in (JULIET, ROMEO):
            tokens.put(owner, "a", 1, expires=expires)
        self.commit()
        (self.juliet / "tokens.toml").write_text("half")
        self.clock.pump([1] * 61 + [0.01])
        self.assertFalse((self.juliet.parent / "romeo").exists())
        self.assertEqual((self.juliet / "tokens.toml").read_text(), "half")

    def test_mended(self) -> None:
        """When it is mended, all is well again."""
        self.test_broken()
        self.edit('[rows."romeo@example.net"]\nname = "Roméo"\n')
        self.second()
        self.assertEqual(self.names(), ["Roméo"])
        self.put_romeo()
        self.assertEqual(self.names(), ["Romeo"])

    def test_broken_from_the_start(self) -> None:
        """A file that never parsed: reading and writing that store fail, others do not."""
        self.edit("what is this?")
        self.failureResultOf(self.roster.items(JULIET), Corrupt)
        self.failureResultOf(self.roster.put(JULIET, "x", {}), Corrupt)
        self.failureResultOf(self.store.erase(JULIET), Corrupt)
        self.successResultOf(self.roster.items(ROMEO))
        self.successResultOf(self.vcard.get(JULIET))
        (found,) = self.successResultOf(self.store.check()).problems
        self.assertIn("roster.toml", found)
        self.assertEqual((self.juliet / "roster.toml").read_text(), "what is this?")
        self.edit('[rows."romeo@example.net"]\nname = "Romeo"\n')
        self.assertEqual(self.names(), ["Romeo"])

    def test_wrong_in_meaning(self) -> None:
        """TOML that is no table of rows is Corrupt too."""
        for text in (
            "rows = 3",
            "[rows]\na = 1",
            "[sections]\na = 1",
            'version = "x"',
            '[rows.a]\n"@tag" = 3',
            '[rows.a]\n"@expires" = "soon"',
            '[rows.a]\n"@base64" = "!"',
            '[rows.a]\n"" = "{"',
            "[rows.a]\nx = nan",
        ):
            self.edit(text)
            self.failureResultOf(self.roster.items(JULIET), Corrupt)

    def test_dates(self) -> None:
        """A date, which only a hand can have written, is read as a text."""
        self.edit("[rows.a]\nname = 1979-05-27\n")
        self.assertEqual(self.names(), ["1979-05-27"])


class LogFileTest(DirectoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.ids = [self.archive.append(JULIET, body) for body in (b"first", b"second\n")]
        self.commit()
        self.path = self.juliet / "archive" / "2023-11.log"

    def bodies(self) -> list[bytes]:
        page = self.successResultOf(self.archive.find(JULIET, limit=9))
        return [entry.body for entry in page.entries]

    def test_torn_anywhere(self) -> None:
        """Cut at any byte of the last entry, it is as if never written; the rest is put aside."""
        whole = self.path.read_bytes()
        first = whole.index(b"first\n") + 6
        for cut in range(first + 1, len(whole)):
            self.close()
            self.path.write_bytes(whole[:cut])
            torn = self.path.with_name("2023-11.log.torn")
            torn.unlink(missing_ok=True)
            self.open()
            self.assertEqual(self.bodies(), [b"first"])
            self.assertEqual(self.path.read_bytes(), whole[:first])
            self.assertEqual(torn.read_bytes(), whole[first:cut])

    def test_goes_on(self) -> None:
        """After a torn tail new entries are appended where the last whole one ends."""
        self.close()
        self.path.write_bytes(self.path.read_bytes()[:-1])
        self.open()
        self.archive.append(JULIET, b"third")
        self.commit()
        self.reopen()
        self.assertEqual(self.bodies(), [b"first", b"third"])

    def test_damaged_inside(self) -> None:
        """Damage that is not at the end is Corrupt; the file is left alone."""
        self.close()
        whole = self.path.read_bytes()
        for damaged in (whole.replace(b"first", b"firstly"), b"x" + whole, whole + b"\n"):
            self.path.write_bytes(damaged)
            self.open()
            self.failureResultOf(self.archive.find(JULIET, limit=1), Corrupt)
            self.assertRaises(Corrupt, self.archive.append, JULIET, b"third")
            self.assertEqual(self.path.read_bytes(), damaged)
            self.close()
        self.open()

    def test_unit_undone(self) -> None:
        """Entries of a unit that was undone are not in the file, those around it are."""
        self.archive.append(JULIET, b"third")
        with self.store.unit() as kept:
            self.archive.append(JULIET, b"undone")
            self.archive.replace(JULIET, self.archive.new_id(), b"")
        self.archive.append(JULIET, b"fourth")
        self.commit()
        self.failureResultOf(kept, NoSuchEntry)
        self.reopen()
        self.assertEqual(self.bodies(), [b"first", b"second\n", b"third", b"fourth"])

    def test_appended_after_erase(self) -> None:
        """What was erased does not come back with an entry of the same batch."""
        self.store.erase(JULIET)
        self.archive.append(JULIET, b"after")
        self.commit()
        self.assertEqual(self.bodies(), [b"after"])
        self.reopen()
        self.assertEqual(self.bodies(), [b"after"])

    def test_file_named_like_a_log(self) -> None:
        """A file that a hand lays beside a log does not end the looking for edits."""
        self.put_romeo()
        (self.juliet / "archive.toml").write_text("value = 1")
        self.second()
        self.assertEqual(self.bodies(), [b"first", b"second\n"])
        roster = self.juliet / "roster.toml"
        roster.write_text(roster.read_text().replace('"Romeo"', '"Montague"'))
        self.second()
        self.assertEqual(self.names(), ["Montague"])

    def test_found_by_id_after_restart(self) -> None:
        """Ids stay what they were."""
        self.reopen()
        where = Where(ids=(self.ids[1],))
        page = self.successResultOf(self.archive.find(JULIET, where, limit=1))
        self.assertEqual(page.entries[0].body, b"second\n")


class FolderTest(DirectoryCase):
    def test_locked(self) -> None:
        """A second process is refused."""
        self.failureResultOf(DirectoryStore(self.folder, self.clock).open(), Locked)

    def test_too_new(self) -> None:
        """The folder of a later release is refused."""
        self.close()
        (self.folder / "format").write_text("2\n")
        self.failureResultOf(DirectoryStore(self.folder, self.clock).open(), TooNew)
        (self.folder / "format").write_text("1\n")
        self.open()

    def test_left_over(self) -> None:
        """A new content whose rename never came is removed."""
        self.put_romeo()
        self.close()
        (self.juliet / "roster.toml.new").write_text("half")
        self.open()
        self.assertEqual(sorted(os.listdir(self.juliet)), ["roster.toml"])

    def test_named_like_what_is_left_over(self) -> None:
        """An account or a domain whose name ends in .new is one like any other."""
        owners = [JULIET._replace(name="juliet.new"), JULIET._replace(realm="docs.new")]
        for owner in owners:
            self.roster.put(owner, "romeo@example.net", {"name": "Romeo"})
        self.commit()
        self.reopen()
        for owner in owners:
            self.assertEqual(len(self.successResultOf(self.roster.items(owner))), 1)
            self.assertIn(owner, self.successResultOf(self.store.owners(owner.realm)))
        damaged = self.juliet.with_name("juliet.new") / "vcard.toml"
        damaged.write_text("half")
        self.assertIn(str(damaged), str(self.successResultOf(self.store.check())))

    def test_links_not_followed(self) -> None:
        """A link in place of a file or folder is not followed, reading or writing."""
        elsewhere = Path(self.mktemp()).absolute()
        elsewhere.mkdir()
        (elsewhere / "secret").write_text('value = "secret"')
        self.juliet.mkdir(parents=True)
        (self.juliet / "private.toml").symlink_to(elsewhere / "secret")
        document = self.store.document("private", JsonCodec())
        self.failureResultOf(document.get(JULIET), Unavailable)
        (self.juliet.parent / "romeo").symlink_to(elsewhere)
        self.failureResultOf(document.get(ROMEO), Unavailable)
        self.failureResultOf(document.put(ROMEO, 1), Unavailable)
        self.assertEqual(os.listdir(elsewhere), ["secret"])

    def test_failed_write(self) -> None:
        """What cannot be written is told to the waiter and is not there afterwards."""
        self.put_romeo()
        (self.juliet / "roster.toml.new").mkdir()
        write = self.roster.put(JULIET, "x", {"name": "X"})
        self.commit()
        self.failureResultOf(write, StorageError)
        self.assertEqual(self.names(), ["Romeo"])
        (self.juliet / "roster.toml.new").rmdir()
        self.put_romeo()
