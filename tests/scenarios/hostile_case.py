"""What is asserted of every hostile input, whatever its own result is."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.scenarios.hostile_house import PASSWORD, Client, House
from tests.scenarios.hostile_reading import (
    STREAMS,
    Element,
    alone,
    content,
    error_of,
    stream_condition,
)
from xmppd.link.link import LocalLink

SECRET = b"quicksilver"
"""Stands in refused inputs: no byte of it may reach anybody, the log, or a store."""
VALID = b"<message to='juliet@example.com/balcony' id='before'><body>good</body></message>"
SPLIT_BELOW = 20_000

Check = Callable[[Client], None]


class HostileCase(SynchronousTestCase):
    """Runs each input whole, byte by byte, and behind a valid stanza in one segment.

    After each run the log is looked at, all bystanders answer a ping and have got nothing but
    what the run says, and once the connection is gone the server keeps what it kept before.
    """

    kind: type[House] = House

    def setUp(self) -> None:
        self.events: list[dict[str, Any]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    @cached_property
    def house(self) -> House:
        """The server, made when a row first asks for it."""
        return self.furnish()

    def furnish(self, **settings: Any) -> House:
        """Make a server with other settings for this row."""
        self.house = self.kind(Path(self.mktemp()), **settings)
        self.house.populate()
        for state in ("C0", "C1"):
            self.house.client(state).lose()
        self.begin()
        return self.house

    def begin(self) -> None:
        """From here on the server may keep no more than it does now."""
        self.house.pass_seconds(self.house.forgets)
        self.baseline, _ = self.house.kept(SECRET)

    def use_tls(self) -> None:
        """Have the certificate made."""
        self.house.over_tls().lose()
        self.begin()

    def outside(self) -> tuple[LocalLink, list[Any]]:
        """A link that has remote.test, and what comes to it."""
        link = self.house.server.router.link(["remote.test"])
        came: list[Any] = []
        link.receiver = came.append
        return link, came

    # Rows

    def refused(
        self, condition: str, *inputs: bytes, at: Iterable[str] = ("C0", "C1"), **how: Any
    ) -> None:
        """Each ends the stream with that error, and nobody sees anything of it."""
        self.each(inputs, at, lambda client: self.ended(client, condition), **how)

    def answered(
        self,
        error: str,
        *inputs: bytes,
        at: Iterable[str] = ("C1",),
        id: str | None = "q1",
        **how: Any,
    ) -> None:
        """Each is answered with that stanza error, of type and condition; the stream stays."""

        def check(client: Client) -> None:
            [answer] = client.taken()
            self.is_error(answer, error, id)
            self.assertTrue(client.open)

        self.each(inputs, at, check, **how)

    def silent(self, *inputs: bytes, at: Iterable[str] = ("C1",), **how: Any) -> None:
        """None is answered; the stream stays."""

        def check(client: Client) -> None:
            self.assertEqual(client.taken(), [])
            self.assertTrue(client.open)

        self.each(inputs, at, check, **how)

    def failed(self, condition: str, *inputs: bytes, at: Iterable[str] = ("C0",)) -> None:
        """Each is answered with that SASL failure; the stream stays."""

        def check(client: Client) -> None:
            self.is_failure(client.taken(), condition)
            self.assertTrue(client.open)

        self.each(inputs, at, check)

    def delivered(
        self,
        *inputs: bytes,
        check: Callable[[Element, bytes], None],
        client: Callable[[], Client] | None = None,
        whole: bool = True,
        **how: Any,
    ) -> None:
        """Each brings juliet one stanza, and its sender nothing.

        :param whole: whether its content must be what was sent, name by name.
        """
        for data in inputs:

            def got(stanzas: list[tuple[Element, bytes]], sent: bytes = data) -> None:
                [(stanza, raw)] = stanzas
                check(stanza, raw)
                if client is None and whole:
                    self.assertEqual(content(stanza), content(alone(sent)))

            self.each(
                [data],
                ("C1",),
                lambda sender: self.assertEqual(sender.taken(), []),
                client=client,
                juliet=got,
                **how,
            )

    # Runs

    def each(
        self,
        inputs: Iterable[bytes],
        at: Iterable[str],
        check: Check,
        *,
        client: Callable[[], Client] | None = None,
        juliet: Callable[[list[tuple[Element, bytes]]], None] | None = None,
        keeps: bool = False,
        split: bool = True,
    ) -> None:
        """Run every input at every state.

        :param client: makes the hostile client; else it is one at that state.
        :param juliet: looks at what juliet has got beside the valid stanza; else that is nothing.
        :param keeps: whether the server may keep more than before.
        """
        for state in at:
            for data in inputs:
                for name, parts, before in _ways(state, data, split):
                    hostile = self.house.client(state) if client is None else client()
                    try:
                        self.run_one(hostile, parts, before, check, juliet, keeps)
                    except BaseException as problem:
                        problem.add_note(f"{name} at {state}: {data[:200]!r}")
                        raise

    def run_one(
        self,
        hostile: Client,
        parts: Iterable[bytes],
        before: bool,
        check: Check,
        juliet: Callable[[list[tuple[Element, bytes]]], None] | None = None,
        keeps: bool = False,
    ) -> None:
        self.events.clear()
        self.waiting = self.house.client("C0")
        hostile.send(*parts)
        check(hostile)
        got = self.house.juliet.answers()
        if before:
            self.assertEqual(got.pop(0)[0].get("id"), "before")
        if juliet is not None:
            juliet(got)
        else:
            self.assertEqual([raw for _, raw in got], [])
        self.bystanders_are_well(hostile)
        for client in (hostile, self.waiting):
            client.lose()
        self.nothing_is_left(keeps)
        self.log_is_clean()

    # What holds in every row

    def bystanders_are_well(self, hostile: Client) -> None:
        for one in self.house.bystanders:
            self.assertTrue(one.pings(), one.jid)
        self.assertEqual(self.house.orchard.taken(), [])
        self.assertTrue(self.waiting.open)
        self.assertEqual(self.waiting.taken(), [])
        if hostile.jid and hostile.open:
            self.assertTrue(hostile.pings())

    def log_is_clean(self) -> None:
        lines = [formatEvent(e) for e in self.events if e["log_level"] >= LogLevel.info]
        self.assertLessEqual(len(lines), 1, lines)
        for line in lines:
            self.assertTrue(line.isprintable(), line)
            self.assertNotIn(SECRET.decode(), line)
            self.assertNotIn(PASSWORD, line)

    def nothing_is_left(self, keeps: bool = False) -> None:
        """When edge and session manager have told each other what is done."""
        self.house.pass_seconds(self.house.forgets)
        kinds, found = self.house.kept(SECRET)
        if not keeps:
            self.assertEqual(found, [])
            self.assertEqual(+(kinds - self.baseline), Counter())

    # What a client is told

    def ended(self, client: Client, condition: str) -> None:
        """A stream error behind our header, the closing tag, and the connection closes."""
        self.assertFalse(client.open)
        self.assertTrue(client.reader.closed and client.wire.ending)
        said = [one for one in client.taken() if one.tag != f"{{{STREAMS}}}features"]
        self.assertEqual([stream_condition(one) for one in said], [condition])

    def is_error(self, answer: Element, error: str, id: str | None = "q1") -> None:
        self.assertEqual(answer.get("type"), "error")
        self.assertEqual(answer.get("id"), id)
        self.assertEqual(" ".join(error_of(answer)), error)

    def is_failure(self, said: list[Element], condition: str) -> None:
        self.assertEqual([one.tag.rpartition("}")[2] for one in said], ["failure"])
        self.assertEqual(said[0][0].tag.rpartition("}")[2], condition)


def _ways(state: str, data: bytes, split: bool) -> Iterable[tuple[str, list[bytes], bool]]:
    yield "whole", [data], False
    if split and len(data) < SPLIT_BELOW:
        yield "byte by byte", singly(data), False
    if state == "C1":
        yield "behind a valid stanza", [VALID + data], True


def singly(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]
