"""A client that manages its stream, and comes back when its connection is cut (XEP-0198)."""

from collections import deque
from xml.etree.ElementTree import Element

from tests.scenarios.raw import CLIENT, SASL, RawClient, told
from tests.scenarios.server import DOMAIN

SM = "urn:xmpp:sm:3"


class ManagedClient:
    """An account's client: what it sends it keeps until it is acknowledged; it acknowledges what
    it reads when it is asked.

    `texts` are the bodies of the messages that it has read.
    """

    def __init__(self, user: str) -> None:
        self.user = user
        self.id = ""
        self.location: str | None = None
        self.h = self.sent = self.acknowledged = 0
        self.unacknowledged: deque[str] = deque()
        self.texts: list[str] = []
        self.answers = 0

    def connect(self, port: int, resource: str = "r", presence: str = "<presence/>") -> None:
        """Log in anew."""
        self._log_in(port)
        self.stream.bind(resource)
        self.stream.send(f"<enable xmlns='{SM}' resume='true'/>")
        enabled = self.stream.read_until(lambda element: element.tag == f"{{{SM}}}enabled")
        self.id = enabled.get("id", "")
        self.location = enabled.get("location")
        self.h = self.sent = self.acknowledged = 0
        self.unacknowledged.clear()
        if presence:
            self.send(presence)

    def _log_in(self, port: int) -> None:
        self.stream = RawClient(port, DOMAIN).open()
        answer = self.stream.plain(self.user)
        assert answer.tag == f"{{{SASL}}}success", told(answer)

    def cut(self) -> None:
        """Lose the connection, with what was not read."""
        self.stream.__exit__()

    def leave(self) -> None:
        """Go, with all that was read acknowledged."""
        self.acknowledge()
        self.stream.close()

    def resume(self, port: int) -> None:
        """Come back, and send again what the server has not handled."""
        self._log_in(port)
        self.stream.open()
        self.stream.send(f"<resume xmlns='{SM}' previd='{self.id}' h='{self.h}'/>")
        answer = self.stream.read()
        assert answer.tag == f"{{{SM}}}resumed", told(answer)
        assert answer.get("previd") == self.id
        self._settle(int(answer.get("h", "")))
        self.stream.send("".join(self.unacknowledged))

    def _settle(self, h: int) -> None:
        assert self.acknowledged <= h <= self.sent, (self.acknowledged, h, self.sent)
        for _ in range(h - self.acknowledged):
            self.unacknowledged.popleft()
        self.acknowledged = h

    # Stanzas

    def send(self, *stanzas: str) -> None:
        """Send stanzas."""
        self.sent += len(stanzas)
        self.unacknowledged.extend(stanzas)
        self.stream.send("".join(stanzas))

    def say(self, to: str, *texts: object) -> None:
        """Send messages."""
        form = "<message to='{}@{}' type='chat'><body>{}</body></message>"
        self.send(*[form.format(to, DOMAIN, text) for text in texts])

    def ask(self) -> None:
        """Ask the server what it has handled, and wait for the answer."""
        answers = self.answers
        self.stream.send(f"<r xmlns='{SM}'/>")
        while self.answers == answers:
            self.read()

    def acknowledge(self) -> None:
        """Say what has been read."""
        self.stream.send(f"<a xmlns='{SM}' h='{self.h}'/>")

    def read(self) -> Element:
        """Read one element, and do with it what such a client does."""
        element = self.stream.read()
        if element.tag == f"{{{SM}}}r":
            self.acknowledge()
        elif element.tag == f"{{{SM}}}a":
            self.answers += 1
            self._settle(int(element.get("h", "")))
        elif element.tag.startswith(f"{{{CLIENT}}}"):
            self.h += 1
            text = element.findtext(f"{{{CLIENT}}}body")
            if text is not None and element.get("type") != "error":
                self.texts.append(text)
        return element

    def read_texts(self, count: int) -> list[str]:
        """Read until there are so many."""
        while len(self.texts) < count:
            self.read()
        return self.texts
