"""What every back-end promises of documents."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import gatherResults

from xmppd.conformance.suite import JULIET, ORCHARD, STRANGE, StorageSuite
from xmppd.storage.codecs import JsonCodec, XmlCodec
from xmppd.storage.interfaces import (
    Changed,
    Corrupt,
    Owner,
)

JSON_VALUES = [
    None,
    True,
    0,
    -(1 << 62),
    1 << 80,
    0.1,
    1e300,
    "",
    'quo"te \\ \x00\x7f\n\t\u2028 \U0001f339 \u202e',
    "'''\r\n\"\"\"",
    [],
    {},
    [None, [1, "a", [None]], {"": None}],
    {"": "x"},
    {"": {"": []}, "a b": {"c.d": [{"e": 1}, {"f": []}]}, "version": 3, "@tag": 1},
    {"nested": {"list": [[], [[]], [{}]]}},
    {"text": "1979-05-27", "float": -0.5, "key\n": "x"},
]


class DocumentSuite(StorageSuite):
    """Documents: one value per owner, compare and set."""

    async def test_absent(self) -> None:
        """A document nobody wrote is None; removing it says False."""
        document = self.backend.document("vcard", JsonCodec())
        self.assertIsNone(await document.get(JULIET))
        self.assertFalse(await document.remove(JULIET))

    async def test_json(self) -> None:
        """Every JSON value comes back as it was, also after a restart."""
        document = self.backend.document("vcard", JsonCodec())
        owners = [Owner("example.com", f"u{number}") for number, _ in enumerate(JSON_VALUES)]
        writes = [document.put(o, v) for o, v in zip(owners, JSON_VALUES, strict=True)]
        for owner, value in zip(owners, JSON_VALUES, strict=True):
            found = await document.get(owner)
            self.assertEqual(found and (found.value,), (value,))
        await gatherResults(writes)
        await self.reopen()
        document = self.backend.document("vcard", JsonCodec())
        for owner, value in zip(owners, JSON_VALUES, strict=True):
            found = await document.get(owner)
            self.assertEqual(found and (found.value,), (value,))
            self.assertIs(type(found and found.value), type(value))

    async def test_xml(self) -> None:
        """XML comes back byte for byte, and as bytes."""
        document = self.backend.document("vcard", XmlCodec())
        xml = "<v xmlns='vcard-temp'>\r\n\U0001f339<![CDATA[]]></v>\n".encode()
        await document.put(JULIET, xml)
        self.assertEqual((await self._get(document)).value, xml)
        await self.reopen()
        document = self.backend.document("vcard", XmlCodec())
        self.assertEqual((await self._get(document)).value, xml)

    async def test_large(self) -> None:
        """A value of 1 MiB is kept."""
        document = self.backend.document("vcard", JsonCodec())
        await document.put(JULIET, {"photo": "x" * (1 << 20)})
        self.assertEqual(len((await self._get(document)).value["photo"]), 1 << 20)

    async def test_not_shared(self) -> None:
        """Changing a value after it was put or got changes nothing that is stored."""
        document = self.backend.document("vcard", JsonCodec())
        value = {"names": ["Juliet"]}
        await document.put(JULIET, value)
        value["names"].append("Capulet")
        (await self._get(document)).value["names"].append("Montague")
        self.assertEqual((await self._get(document)).value, {"names": ["Juliet"]})

    async def test_compare_and_set(self) -> None:
        """`if_version` 0 wants nothing there, another version that one; else Changed."""
        document = self.backend.document("vcard", JsonCodec())
        await self.fails(Changed, document.put(JULIET, 1, if_version=7))
        first = await document.put(JULIET, 1, if_version=0)
        await self.fails(Changed, document.put(JULIET, 2, if_version=0))
        second = await document.put(JULIET, 2, if_version=first)
        await self.fails(Changed, document.put(JULIET, 3, if_version=first))
        await self.fails(Changed, document.remove(JULIET, if_version=first))
        self.assertEqual(await document.get(JULIET), (2, second))
        self.assertTrue(await document.remove(JULIET, if_version=second))
        self.assertIsNone(await document.get(JULIET))

    async def test_versions_grow(self) -> None:
        """Versions grow though the clock steps back, over removal and restart."""
        document = self.backend.document("vcard", JsonCodec())
        versions = [await document.put(JULIET, 1)]
        self.wall.time -= 3600
        versions.append(await document.put(JULIET, 2))
        await document.remove(JULIET)
        versions.append(await document.put(JULIET, 3))
        await document.remove(JULIET)
        self.assertEqual(versions, sorted(set(versions)))
        await self.reopen()
        document = self.backend.document("vcard", JsonCodec())
        self.assertGreater(await document.put(JULIET, 4), versions[-1])

    async def test_change_raced(self) -> None:
        """A hundred changes at once all take effect."""
        document = self.backend.document("counter", JsonCodec())
        await gatherResults([document.change(JULIET, lambda n: (n or 0) + 1) for _ in range(100)])
        self.assertEqual((await self._get(document)).value, 100)

    async def test_change_that_fails(self) -> None:
        """What the function of `change` raises is what it fails with; nothing is written."""
        document = self.backend.document("counter", JsonCodec())
        version = await document.put(JULIET, 0)
        with self.assertRaises(ZeroDivisionError):
            await document.change(JULIET, lambda n: 1 // (n or 0))
        self.assertEqual(await document.get(JULIET), (0, version))

    async def test_read_before_kept(self) -> None:
        """A read sees a write that is not kept yet."""
        document = self.backend.document("vcard", JsonCodec())
        write = document.put(JULIET, 1)
        self.assertEqual((await self._get(document)).value, 1)
        await write

    async def test_owners(self) -> None:
        """Owners of a realm who have the document come by name, page by page."""
        document = self.backend.document("account", JsonCodec())
        names = sorted(f"u{number:02}" for number in range(25))
        writes = [document.put(Owner("example.com", name), 1) for name in reversed(names)]
        writes.append(document.put(ORCHARD, 1))
        writes.append(self.backend.document("vcard", JsonCodec()).put(JULIET, 1))
        await gatherResults(writes)
        found: list[Owner] = []
        for _ in range(4):  # the last page is empty
            found += await document.owners("example.com", found[-1].name if found else "", 10)
        self.assertEqual([owner.name for owner in found], names)

    async def test_strange_owner(self) -> None:
        """An owner's name may be any text, and is not taken for a path."""
        document = self.backend.document("vcard", JsonCodec())
        await document.put(STRANGE, 1)
        await self.reopen()
        document = self.backend.document("vcard", JsonCodec())
        self.assertEqual((await self._get(document, STRANGE)).value, 1)
        self.assertEqual(await document.owners(STRANGE.realm), [STRANGE])

    async def test_does_not_decode(self) -> None:
        """A value that the codec does not understand is Corrupt, with store and owner."""
        await self.backend.document("vcard", JsonCodec()).put(JULIET, 1)
        document = self.backend.document("vcard", XmlCodec())
        problem = await self.fails(Corrupt, document.get(JULIET))
        self.assertEqual((problem.store, problem.owner), ("vcard", JULIET))

    async def _get(self, document: Any, owner: Owner = JULIET) -> Any:
        found = await document.get(owner)
        self.assertIsNotNone(found)
        return found
