"""Elements for tests to read."""

from twisted.words.xish.domish import Element, elementStream


def parsed(xml: str | bytes) -> Element:
    """The element that this XML is."""
    found: list[Element] = []
    stream = elementStream()
    stream.DocumentStartEvent = lambda root: None
    stream.DocumentEndEvent = lambda: None
    stream.ElementEvent = found.append
    body = xml.encode() if isinstance(xml, str) else xml
    stream.parse(b"<root>" + body + b"</root>")
    return found[0]
