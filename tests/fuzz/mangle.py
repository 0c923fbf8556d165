"""Elements made wrong, in a random way."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar
from xml.etree.ElementTree import Element

from tests.chat.histories import ACCOUNTS
from tests.fuzz.room_words import (
    AFFILIATIONS,
    NAMES,
    NAMESPACES,
    ODD,
    ROLES,
    ROOMS,
    SERVICE,
    el,
)

T = TypeVar("T")
STANZAS = ("}iq", "}message", "}presence")


class Mangler:
    """Does to elements what clients do that have gone wrong, or are up to no good."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def _one(self, things: Sequence[T]) -> T:
        return self.random.choice(things)

    def mangle(self, stanza: Element) -> None:
        """Do something to one of the elements."""
        every = list(stanza.iter())
        node = self._one(every)
        self._one((
            self._set, self._set, self._drop, self._drop, self._rename, self._move,
            self._double, self._remove, self._wrap, self._say,
        ))(node)  # fmt: skip

    def _set(self, node: Element) -> None:
        many = (
            "id",
            "type",
            "jid",
            "nick",
            "role",
            "affiliation",
            "node",
            "var",
            "to",
            "by",
            "code",
        )
        key = self._one([*node.attrib, *many])
        if key == "to":
            node.set(
                key, self._one((*ROOMS, f"{ROOMS[0]}/ann", SERVICE, f"x@{SERVICE}/\U0001f600"))
            )
        else:
            node.set(key, self._one((*ODD, *ROLES, *AFFILIATIONS, *ACCOUNTS)))

    def _drop(self, node: Element) -> None:
        droppable = [key for key in node.attrib if key != "to"]
        if droppable:
            del node.attrib[self._one(droppable)]

    def _rename(self, node: Element) -> None:
        if not node.tag.endswith(STANZAS):
            node.tag = node.tag.partition("}")[0] + "}" + self._one(NAMES)

    def _move(self, node: Element) -> None:
        if not node.tag.endswith(STANZAS):
            node.tag = f"{{{self._one(NAMESPACES)}}}" + node.tag.partition("}")[2]

    def _double(self, node: Element) -> None:
        if len(node):
            node.insert(0, self._one(list(node)))

    def _remove(self, node: Element) -> None:
        if len(node):
            node.remove(self._one(list(node)))

    def _wrap(self, node: Element) -> None:
        if len(node):
            child = self._one(list(node))
            node.remove(child)
            node.append(el(self._one(NAMES), self._one(NAMESPACES), None, child))

    def _say(self, node: Element) -> None:
        node.text = self._one(ODD)

    def deep(self) -> Element:
        made = el("x", "urn:x")
        for _ in range(40):
            made = el(self._one(NAMES), self._one(NAMESPACES), None, made)
        return made
