"""Random streams: well-formed ones that use every freedom of XML namespaces, and broken ones."""

from random import Random

CLIENT = "jabber:client"
STREAMS = "http://etherx.jabber.org/streams"
XML = "http://www.w3.org/XML/1998/namespace"

HEADERS = (
    f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}'>",
    f'<?xml version="1.0"?><stream:stream to="b.test" xml:lang=\'en\' xmlns="{CLIENT}"'
    f" xmlns:stream = '{STREAMS}' version='1.0'\n>",
    f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}' xmlns:m='u:1' xmlns:c='{CLIENT}'>",
    f"<stream xmlns='{STREAMS}' xmlns:c='{CLIENT}'>",
    f"<s:stream xmlns:s='{STREAMS}' xmlns='{CLIENT}' xmlns:stream='urn:x' xmlns:xml='{XML}'>",
    f"\ufeff<s:stream xmlns:s='{STREAMS}' xmlns:\xe9='u:2' xmlns='{CLIENT}'>",
)
HEADER_PREFIXES: tuple[dict[str, str], ...] = (
    {"": CLIENT, "stream": STREAMS},
    {"": CLIENT, "stream": STREAMS},
    {"": CLIENT, "stream": STREAMS, "m": "u:1", "c": CLIENT},
    {"": STREAMS, "c": CLIENT},
    {"": CLIENT, "s": STREAMS, "stream": "urn:x"},
    {"": CLIENT, "s": STREAMS, "\xe9": "u:2"},
)
URIS = (CLIENT, CLIENT, "jabber:server", "u:1", "u:2", "?", "a:b/", "u:'\"<&>\xe9", STREAMS, "-")
TOPS = ("message", "message", "presence", "iq", "m", "x")
NAMES = ("body", "x", "m", "message", "error", "query", "a", "\xe9t\xe9", "no-1.0_")
PREFIXES = ("a", "b", "c", "m", "stream", "\xe9")
ATTRIBUTES = ("to", "from", "id", "type", "a", "m")
VALUES = (
    "", "v", "a>b", "/>", "'", '"', "&", "<", "\t\n\r", "\n", "\u2028", "\U0001f600", "stream:x",
    "Romeo@Example.COM/r", "juliet@b.test", "@b", "xmlns", CLIENT, "]]>", "\xa0 ", "m:",
)  # fmt: skip
TEXTS = (
    "hello", " ", "\n", "\r\n", "\r", "/>", "a > b", "]]", "stream:features", "c:", "m:",
    "xmlns='jabber:client'", "&#x6a;abber", "&amp;", "&#9;", "&#13;", "&#x1F600;", "&lt;m:x/&gt;",
    "<![CDATA[<m:x/>]]>", "<![CDATA[]]>", "<![CDATA[ a ]] > ]]>", "\xe9\u20ac\U0001f600", "\ufffd",
    '"', "'", "&apos;&quot;", "x" * 90,
)  # fmt: skip
BROKEN = (
    "<!-- x -->", "<!---->", "<?php x?>", "<?xml version='1.0'?>", "<!DOCTYPE x>", "<!DOCTYPE x [",
    "&foo;", "&#0;", "&#x1F;", "&#xD800;", "&#xFFFE;", "&#xZ;", "&amp", "\ufffe", "\x01", "]]>",
    "<", ">", "&", "'", '"', "=", ":", "</", "/>", "xmlns:", "<x>", "</x>", "< x/>", "<x/ >",
    "<1/>", "<u:x/>", "<x u:a='1'/>", "<a:b:c/>", "<:x/>", "<x:/>", "<x a:='1'/>",
    "<x a='1'b='2'/>",
    "<x a='1' a='1'/>", "<x xmlns:a='u' xmlns:b='u' a:q='1' b:q='2'/>", "<x xmlns='' xmlns='u'/>",
    "<x xmlns:xml='urn:x'/>", "<x xmlns:xmlns='u'/>", "<x xmlns:p=''/>", f"<x xmlns:p='{XML}'/>",
    f"<x xmlns='{XML}'/>", "<x xmlns='http://www.w3.org/2000/xmlns/'/>", "<x xmlns='u\n'/>",
    "<a xmlns='jabber:client x'/>", "<a b=c/>", "<a b='<'/>", "<xml:x/>", "<xmlns:x/>", "<iq/>",
    "</stream:stream>", "</message>", "<![CDATA[", "<![CDATA[x", "<x xml:space='preserve'/>",
    "hello", "\xa0", "\ufeff", " ",
)  # fmt: skip
RAW = (
    b"\xff",
    b"\xc0\xbc",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"\0",
    b"\x80",
    b"<\0",
)


class Writer:
    """Writes one well-formed stream by the choices of a random generator."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.out: list[str] = []

    def stream(self) -> bytes:
        number = self.random.randrange(len(HEADERS))
        self.out.append(HEADERS[number])
        for _ in range(self.random.randrange(6)):
            self.out.append(self.random.choice(("", "", "", " ", "\r\n", "\t")))
            self.element(HEADER_PREFIXES[number], self.random.choice((1, 2, 3, 3, 5)), TOPS)
        if self.random.random() < 0.3:
            root = HEADERS[number].partition("stream")[0].rpartition("<")[2]
            self.out.append(f"</{root}stream >")
        return "".join(self.out).encode()

    def element(self, scope: dict[str, str], depth: int, names: tuple[str, ...]) -> None:
        random, out = self.random, self.out
        scope = dict(scope)
        declared = []
        if random.random() < 0.35:
            scope[""] = random.choice((*URIS, ""))
            declared.append(("xmlns", scope[""]))
        for prefix in random.sample(PREFIXES, random.choice((0, 0, 0, 1, 2))):
            scope[prefix] = random.choice(URIS)
            declared.append((f"xmlns:{prefix}", scope[prefix]))
        prefixes = [prefix for prefix in scope if prefix]
        name = random.choice(names)
        if prefixes and random.random() < 0.3:
            name = f"{random.choice([*prefixes, 'xml'])}:{name}"
        attributes = [*declared, *self.attributes(scope, prefixes)]
        random.shuffle(attributes)
        out.append(f"<{name}")
        for key, value in attributes:
            out.append(random.choice((" ", "\n", "  ")))
            out.append(f"{key}{random.choice(('=', '=', ' = '))}{self.quoted(value)}")
        self.content(name, scope, depth)

    def content(self, name: str, scope: dict[str, str], depth: int) -> None:
        random, out = self.random, self.out
        number = random.choice((0, 0, 1, 2, 4)) if depth > 1 else 0
        texts = random.random() < 0.6
        if not number and not texts:
            out.append(random.choice(("/>", " />", f"></{name}>", f"></{name} >")))
            return
        out.append(random.choice((">", " >")))
        for _ in range(number):
            if texts:
                out.append(random.choice(TEXTS))
            self.element(scope, depth - 1, NAMES)
        if texts:
            out.extend(random.choices(TEXTS, k=random.randrange(3)))
        out.append(f"</{name}>")

    def attributes(self, scope: dict[str, str], prefixes: list[str]) -> list[tuple[str, str]]:
        random = self.random
        found = {}
        for name in random.sample(ATTRIBUTES, random.choice((0, 1, 1, 2, 3))):
            prefix = random.choice(prefixes) if prefixes and random.random() < 0.2 else ""
            key = f"{prefix}:{name}" if prefix else name
            found[scope[prefix] if prefix else "", name] = key, random.choice(VALUES)
        if random.random() < 0.2:
            found[XML, "lang"] = "xml:lang", random.choice(("en", "de-CH", ""))
        if random.random() < 0.1:
            found[XML, "space"] = "xml:space", "preserve"
        return list(found.values())

    def quoted(self, value: str) -> str:
        quote = self.random.choice("'\"")
        value = value.replace("&", "&amp;").replace("<", "&lt;")
        value = value.replace(quote, "&#39;" if quote == "'" else "&quot;")
        if self.random.random() < 0.5:
            value = value.replace("\n", "&#10;").replace("\r", "&#xD;").replace("\t", "&#9;")
        if value and "&" not in value and self.random.random() < 0.1:
            value = value.replace("l", "&#108;", 1).replace("u", "&#x75;", 1)
        return f"{quote}{value}{quote}"


def broken(random: Random, data: bytes) -> bytes:
    """The stream with one to three things done to it, most of which are errors."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(data) + 1)
        kind = random.random()
        if kind < 0.15:
            data = data[:at] + data[at + random.choice((1, 1, 2, 9)) :]
        elif kind < 0.25:
            data = data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
        elif kind < 0.35:
            data = data[:at] + random.choice(RAW) + data[at:]
        elif kind < 0.4:
            data = data[:at]
        else:
            if kind < 0.8:  # between tags, where most of it means something
                at = data.find(b"<" if kind < 0.6 else b">", at) % (len(data) + 1) + (kind >= 0.6)
            data = data[:at] + random.choice(BROKEN).encode() + data[at:]
    return data


def stream(random: Random, breaking: bool) -> bytes:
    """One stream."""
    data = Writer(random).stream()
    return broken(random, data) if breaking else data


def split(random: Random, data: bytes) -> list[bytes]:
    """The bytes in pieces of random sizes, in some runs one by one."""
    if random.random() < 0.25:
        return [data[at : at + 1] for at in range(len(data))]
    most = random.choice((3, 20, 200))
    pieces = []
    while data:
        size = random.randint(1, most)
        pieces.append(data[:size])
        data = data[size:]
    return pieces
