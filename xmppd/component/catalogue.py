"""What extensions and components say of themselves, as a table of XEPs and as a DOAP file."""

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, Protocol

import attrs

from xmppd.protocol.markup import element, escape_text

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DOAP = "http://usefulinc.com/ns/doap#"
_XMPP = "https://linkmauve.fr/ns/xmpp-doap#"
_RFCS = (6120, 6121, 7622)


class Implementer(Protocol):
    """A class that says which XEPs it implements: an extension, a component, or for a folder."""

    xep: ClassVar[tuple[int, str] | tuple[()]]
    also: ClassVar[tuple[tuple[int, str], ...]]
    default: ClassVar[bool]

    @classmethod
    def title(cls) -> str:
        """Its name in configuration and documentation."""


@attrs.frozen(order=True)
class _Entry:
    """One XEP as one extension implements it."""

    number: int
    version: str
    extension: str
    default: bool
    summary: str

    @property
    def url(self) -> str:
        return f"https://xmpp.org/extensions/xep-{self.number:04}.html"


def xep_table(classes: Iterable[type[Implementer]]) -> str:
    """The XEPs that extensions implement, as a Markdown table by number."""
    lines = ["| XEP | version | extension | by default | what it does |", "|---|---|---|---|---|"]
    for entry in _entries(classes):
        on = "on" if entry.default else "off"
        summary = entry.summary.replace("|", "\\|")
        lines.append(
            f"| [{entry.number:04}]({entry.url}) | {entry.version} | `{entry.extension}` | {on} "
            f"| {summary} |"
        )
    return "\n".join(lines) + "\n"


def doap(classes: Iterable[type[Implementer]]) -> str:
    """A description of the project by the DOAP vocabulary, with the XEPs as XEP-0453 says."""
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        f"<rdf:RDF xmlns:rdf='{_RDF}' xmlns='{_DOAP}' xmlns:xmpp='{_XMPP}'>",
        "  <Project>",
        "    <name>xmppd</name>",
        "    <shortdesc xml:lang='en'>A modular XMPP server toolkit built on Twisted</shortdesc>",
        "    <license rdf:resource='https://spdx.org/licenses/MIT'/>",
        "    <programming-language>Python</programming-language>",
        "    <os>POSIX</os>",
        f"    <category rdf:resource='{_XMPP}category-server'/>",
    ]
    lines += [
        f"    <implements rdf:resource='https://xmpp.org/rfcs/rfc{number}.html'/>"
        for number in _RFCS
    ]
    for entry in _entries(classes):
        lines += ["    <implements>", *_supported(entry), "    </implements>"]
    return "\n".join([*lines, "  </Project>", "</rdf:RDF>", ""])


def _supported(entry: _Entry) -> Iterator[str]:
    yield "      <xmpp:SupportedXep>"
    yield "        " + element("xmpp:xep", None, {"rdf:resource": entry.url}).decode()
    yield f"        <xmpp:version>{escape_text(entry.version)}</xmpp:version>"
    yield f"        <xmpp:note>{escape_text(entry.summary)}</xmpp:note>"
    yield "      </xmpp:SupportedXep>"


def _entries(classes: Iterable[type[Implementer]]) -> list[_Entry]:
    return sorted(entry for cls in classes for entry in _entries_of(cls))


def _entries_of(cls: type[Implementer]) -> Iterator[_Entry]:
    for number, version in ((cls.xep,) if cls.xep else ()) + cls.also:
        yield _Entry(number, version, cls.title(), cls.default, _summary(cls, number))


def _summary(cls: type[Implementer], number: int) -> str:
    """What a docstring's first paragraph says of a XEP.

    That is what follows `XEP-NNNN:` as far as the next number; where it does not name that XEP
    so, the whole.
    """
    text = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
    named = re.search(rf"XEP-{number:04}: (.+?)(?=; (?:XEP|RFC)\b|$)", text)
    said = named[1] if named else re.sub(r"^XEP-\d{4}: ", "", text)
    return said[:1].upper() + said[1:]
