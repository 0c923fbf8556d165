"""Fuzz the framer: `python -m tests.fuzz.framer --seconds 60 [--seed N]`.

Each case is made by a seed of its own, which a failure prints; `--case N` runs that one again.
"""

import argparse
import sys
import time
from contextlib import suppress
from random import Random

from tests.fuzz import corpus, reference, streams
from xmppd.protocol.errors import STREAM_CONDITIONS, StreamError
from xmppd.protocol.events import Event, StreamClosed, StreamOpened
from xmppd.protocol.framer import MAX_ATTRIBUTES, MAX_DEPTH, Framer
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.namespaces import CONTENT
from xmppd.protocol.stanza import Stanza

MAX_STANZA = 262_144
SMALL = 150
NO_CONTENT = "urn:none"


def check(data: bytes, pieces: list[bytes], max_stanza: int = MAX_STANZA) -> str:
    """Compare the framer with the references over one stream; returns what it ended with.

    Raises AssertionError where they differ.
    """
    events = frame([data], max_stanza)
    shown = [show(event) for event in events]
    in_pieces = [show(event) for event in frame(pieces, max_stanza)]
    failed = bool(events) and isinstance(events[-1], StreamError)
    if failed and in_pieces and either_error_is_right(data, max_stanza):
        assert shown.pop() in STREAM_CONDITIONS and in_pieces.pop() in STREAM_CONDITIONS
    assert in_pieces == shown, f"in pieces: {in_pieces}\nat once: {shown}"
    outcome = reference.Reference(data, max_stanza, MAX_DEPTH, MAX_ATTRIBUTES).read()
    opened = [event for event in events if isinstance(event, StreamOpened)]
    stanzas = [event for event in events if isinstance(event, Stanza)]
    closed = [event for event in events if isinstance(event, StreamClosed)]
    errors = [event for event in events if isinstance(event, StreamError)]
    assert len(opened) == outcome.opened
    assert len(closed) == outcome.closed
    assert bool(errors) == bool(outcome.error), f"{errors} but reference: {outcome.error!r}"
    assert len(stanzas) == len(outcome.stanzas)
    trees = reference.domish_trees(data.partition(b"\0")[0])
    for number, stanza in enumerate(stanzas):
        node = outcome.stanzas[number]
        assert node == trees[number], "expat and domish differ"
        check_stanza(stanza, node, opened[0].header.content or NO_CONTENT)
    for error in errors:
        assert error.condition in STREAM_CONDITIONS
        assert events[-1] is error
    return errors[0].condition if errors else "closed" if closed else "open"


def check_stanza(stanza: Stanza, node: reference.Node, content: str) -> None:
    """What leaves must be the very element that came, standing for itself."""
    expected = prepared(node)
    alone = reference.tree(enclosed(stanza.to_bytes(), content))
    assert alone == expected, f"{stanza.to_bytes()!r}: {alone} but {expected}"
    in_tree = reference.domish_tree(stanza.element())
    if content == streams.CLIENT:
        assert in_tree == expected, f"{in_tree} but {expected}"
    children = [part for part in node[2] if not isinstance(part, str)]
    assert len(children) == len(stanza.children)
    for (ns, name, start, stop), child in zip(stanza.children, children, strict=True):
        uri, _, local = child[0].rpartition(" ")
        assert name == local
        assert (ns == CONTENT) == (uri == content)
        data = stanza.inner[start:stop]
        if stanza.ns == CONTENT:
            assert reference.tree(enclosed(data, content)) == child
    if stanza.ns == CONTENT:
        again = Stanza(stanza.ns, stanza.name, stanza.attrs, stanza.inner)
        assert again.children == stanza.children
        elsewhere = reference.tree(enclosed(stanza.to_bytes(), "urn:elsewhere"))
        assert elsewhere[0] == f"urn:elsewhere {stanza.name}"


def prepared(node: reference.Node) -> reference.Node:
    """With `to` and `from` as they leave."""
    attributes = dict(node[1])
    for key in ("to", "from"):
        with suppress(KeyError, InvalidJid):
            attributes[key] = str(Jid.parse(attributes[key]))
    return node[0], frozenset(attributes.items()), node[2]


def enclosed(data: bytes, content: str) -> bytes:
    root = f"<s xmlns='{content}' xmlns:stream='{streams.STREAMS}'>"
    return b"%b%b</s>" % (root.encode(), data)


def frame(pieces: list[bytes], max_stanza: int) -> list[Event]:
    framer = Framer(max_stanza)
    return [event for piece in pieces for event in framer.feed(piece)]


def show(event: Event) -> object:
    """An event in a form that can be compared."""
    if isinstance(event, Stanza):
        return event.to_bytes(), event.children, event.to, event.sender, event.malformed
    if isinstance(event, StreamOpened):
        return event.header
    return event.condition if isinstance(event, StreamError) else "closed"


def either_error_is_right(data: bytes, max_stanza: int) -> bool:
    """Whether two things may be wrong with a tag, of which the split decides which is seen.

    A tag can be too long and not well-formed. Where no character at all could stand, a byte that
    is not UTF-8 may be complained of before the whole of it was seen.
    """
    return max_stanza == SMALL or not is_utf8(data)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def run_case(number: int) -> str:
    """One random case."""
    random = Random(number)
    data = streams.stream(random, breaking=number % 2 == 1)
    max_stanza = SMALL if random.random() < 0.05 else MAX_STANZA
    try:
        return check(data, streams.split(random, data), max_stanza)
    except BaseException:
        print(f"case {number}, max_stanza {max_stanza}: {data!r}", file=sys.stderr)
        raise


def run_corpus() -> int:
    """The cases that once went wrong or might, each split at every byte."""
    for data in corpus.STREAMS:
        for at in range(len(data) + 1):
            check(data, [data[:at], data[at:]])
    return len(corpus.STREAMS)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the framer.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--case", type=int, default=None)
    options = parser.parse_args()
    if options.case is not None:
        print(f"case {options.case}: {run_case(options.case)}")
        return 0
    start = time.monotonic()
    seed = int(time.time()) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    count, failed = run_corpus(), ""
    ends: dict[str, int] = {}
    number = seed * 1_000_000
    try:
        while time.monotonic() < start + options.seconds:
            end = run_case(number)
            ends[end] = ends.get(end, 0) + 1
            count += 1
            number += 1
    except Exception as error:
        failed = f"{type(error).__name__}: {error}"
        print(failed, file=sys.stderr)
    told = ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))
    seconds = time.monotonic() - start
    verdict = f"failed at case {number}" if failed else "ok"
    print(f"framer fuzz: {verdict}, {count} streams in {seconds:.0f} s, seed {seed}: {told}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
