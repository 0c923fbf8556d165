"""Result set management: asking for a page and describing the one that was given (XEP-0059)."""

import re
from typing import Self

from attrs import frozen
from twisted.words.xish.domish import Element

from xmppd.protocol import namespaces
from xmppd.protocol.markup import element as markup

_NUMBER = re.compile(r"[ \t\r\n]*\+?0*([0-9]{1,10})[ \t\r\n]*")
_LARGEST = 2**31 - 1
_ASKING = frozenset({"max", "after", "before", "index"})


@frozen
class PageRequest:
    """Which page is wanted; None stands for what was not said.

    An empty `before` asks for the last page. A `max` of 0 asks for the count alone.
    """

    max: int | None = None
    after: str | None = None
    before: str | None = None
    index: int | None = None

    @classmethod
    def parse(cls, element: Element) -> Self:
        """Read a `<set/>` request.

        Raises `ValueError`, to be answered with bad-request, for another element, for one that
        repeats a child, for a number that is none or outside xs:int, and for an `index` along
        with `after` or `before`.
        """
        if (element.uri, element.name) != (namespaces.RESULT_SETS, "set"):
            raise ValueError("not a result set element")
        said = _children(element)
        if "index" in said and not said.keys().isdisjoint(("after", "before")):
            raise ValueError("a page is asked for by index or by id, not by both")
        return cls(
            max=_number(said.get("max")),
            after=said.get("after"),
            before=said.get("before"),
            index=_number(said.get("index")),
        )

    def limit(self, default: int, most: int) -> int:
        """How many items to return: `default` if nothing was asked for, never over `most`."""
        return min(default if self.max is None else self.max, most)


def page_xml(
    first: str | None = None,
    last: str | None = None,
    count: int | None = None,
    index: int | None = None,
) -> bytes:
    """Describe a page: the ids of its first and last items, absent for an empty page.

    `count` is the size of the whole result set, `index` the position of the first item in it;
    both may be approximate, and None where they cost too much to know.
    """
    position = {"index": None if index is None else str(index)}
    content = [] if first is None else [markup("first", None, position, first)]
    if last is not None:
        content.append(markup("last", None, None, last))
    if count is not None:
        content.append(markup("count", None, None, str(count)))
    return markup("set", namespaces.RESULT_SETS, None, *content)


def _children(element: Element) -> dict[str, str]:
    texts: dict[str, str] = {}
    for child in element.elements():
        if child.uri != namespaces.RESULT_SETS or child.name not in _ASKING:
            continue
        if child.name in texts:
            raise ValueError(f"more than one {child.name}")
        texts[child.name] = "".join(part for part in child.children if isinstance(part, str))
    return texts


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    digits = _NUMBER.fullmatch(text)
    if digits is None or int(digits[1]) > _LARGEST:
        raise ValueError("not a number from 0 to 2147483647")
    return int(digits[1])
