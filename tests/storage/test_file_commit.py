"""What a batch of files leaves on the disk: every change of a folder is flushed."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from xmppd.conformance.suite import JULIET
from xmppd.storage.driver import Cell, Place, RawRow
from xmppd.storage.file_commit import FileCommit, LogChange
from xmppd.storage.files import ACCOUNTS, month
from xmppd.storage.holding import Entries, Rows
from xmppd.storage.ids import Mark
from xmppd.storage.interfaces import Entry
from xmppd.storage.tree import Tree, Where

FOLDER = (ACCOUNTS, JULIET.realm, JULIET.name)
VCARD, ROSTER, ARCHIVE = (Place(store, JULIET) for store in ("vcard", "roster", "archive"))
DAY = 86_400_000_000


class RecordingTree(Tree):
    """Knows which folders were changed and not flushed since."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.unflushed: set[Where] = set()

    def replace(self, where: Where, name: str) -> None:
        super().replace(where, name)
        self.unflushed.add(where)

    def remove(self, where: Where, names: object) -> None:
        before = self.path(where).exists() and set(self.path(where).iterdir())
        super().remove(where, names)  # type: ignore[arg-type]
        if not self.path(where).exists():
            self.unflushed.add(where[:-1])
        elif before != set(self.path(where).iterdir()):
            self.unflushed.add(where)

    def flush(self, where: Where) -> None:
        super().flush(where)
        self.unflushed.discard(where)


def entry(time: int) -> Entry:
    return Entry(Mark(time, 1).to_id(), time, "", "", 0, b"x")


class FileCommitTest(SynchronousTestCase):
    def setUp(self) -> None:
        root = Path(self.mktemp())
        root.mkdir()
        self.tree = RecordingTree(root)
        for place in (VCARD, ROSTER):
            self.commit(place, Cell("1", 1))

    def commit(
        self, place: Place, held: Cell | Rows | Entries | None, change: LogChange | None = None
    ) -> None:
        commit = FileCommit(self.tree)
        commit.add(place, held, change)
        commit.run()
        self.assertEqual(self.tree.unflushed, set())

    def test_removed(self) -> None:
        """A document that was removed does not come back after a power cut."""
        self.commit(VCARD, None)
        self.assertFalse(self.tree.path(FOLDER, "vcard.toml").exists())

    def test_last_one_removed(self) -> None:
        """Nor does the folder, when nothing is left in it."""
        self.commit(VCARD, None)
        self.commit(ROSTER, Rows())
        self.assertFalse(self.tree.path(FOLDER).exists())

    def test_emptied_table(self) -> None:
        """A table whose last row was removed has no file."""
        self.commit(ROSTER, Rows([RawRow("", "a", "1", 1)]))
        self.commit(ROSTER, Rows([RawRow("", "a", None, 2)]))
        self.assertFalse(self.tree.path(FOLDER, "roster.toml").exists())

    def test_month_removed(self) -> None:
        """A month of a log that was trimmed away is gone for good, and so is the whole log."""
        old, new = entry(DAY), entry(40 * DAY)
        change = LogChange()
        for one in (old, new):
            change.append(one.time)
        self.commit(ARCHIVE, Entries([old, new]), change)
        change = LogChange()
        change.rewrite([old.time])
        self.commit(ARCHIVE, Entries([new]), change)
        self.assertEqual(self.tree.names((*FOLDER, "archive")), [month(new.time)])
        self.commit(ARCHIVE, None)
        self.assertFalse(self.tree.path((*FOLDER, "archive")).exists())
