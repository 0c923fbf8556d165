"""Servers elsewhere that fail in some way, played from a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocol
from zope.interface import implementer

from tests.s2s.network import Network
from tests.s2s.raw import HEADER, Certified, Raw
from xmppd.protocol.namespaces import DIALBACK, DIALBACK_FEATURE, STREAMS, TLS
from xmppd.s2s.targets import Target
from xmppd.tls.context import peer_context
from xmppd.tls.transport import start_tls

ANSWER: Final = HEADER.replace(" version", " id='s' version")
NO_DIALBACK: Final = f"{ANSWER}>".replace(DIALBACK, "x")
OFFER_TLS: Final = f"<stream:features><starttls xmlns='{TLS}'/></stream:features>"
OFFER_DIALBACK: Final = (
    f"<stream:features><dialback xmlns='{DIALBACK_FEATURE}'><errors/></dialback></stream:features>"
)
PROCEED: Final = f"<proceed xmlns='{TLS}'/>"
CLOSE: Final = "close"
"""Stands for the end of the connection."""
LIMIT: Final = 30
"""Seconds after which a sender hears of a server that does nothing."""

NOT_FOUND, TIMEOUT = "remote-server-not-found", "remote-server-timeout"


def stream_error(condition: str) -> str:
    """A stream's end."""
    inner = f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    return f"{ANSWER}><stream:error>{inner}</stream:error></stream:stream>"


def verdict(kind: str, inner: str = "") -> str:
    """What is said of our key, from `REMOTE`."""
    return f"<db:result from='REMOTE' to='capulet.test' type='{kind}'>{inner}</db:result>"


def verdict_error(condition: str) -> str:
    """The same, as an error (XEP-0220, 2.5)."""
    inner = f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
    return verdict("error", f"<error type='cancel'>{inner}</error>")


@attrs.frozen
class Case:
    """One way to fail: what is said when, what the sender gets, and after how many seconds.

    `said` goes by what has been read: `stream` a header, `secured` one within TLS, `starttls`,
    `key`; `` is said at once. `certificate` is what kind it shows; then nothing else will do.
    """

    said: Mapping[str, str]
    condition: str = NOT_FOUND
    seconds: int = 0
    certificate: str = ""


STARTED: Final = {"stream": f"{ANSWER}>{OFFER_TLS}", "starttls": PROCEED}
SECURED: Final = {**STARTED, "secured": f"{ANSWER}>{OFFER_DIALBACK}"}

SERVERS: Final[Mapping[str, Case]] = {
    "says nothing": Case({}, TIMEOUT, LIMIT),
    "closes at once": Case({"stream": CLOSE}, TIMEOUT),
    "is a web server": Case({"": "HTTP/1.1 400 Bad Request\r\n\r\n"}),
    "sends bytes of no text": Case({"": "\0\x01\x02\x03"}),
    "sends another protocol": Case({"": f"<stream:stream xmlns='foo' xmlns:stream='{STREAMS}'>"}),
    "sends half a header": Case({"": "<stream:stream "}, TIMEOUT, LIMIT),
    "sends a header without end": Case({"": f"<stream:stream a='{'x' * 20_000}"}),
    "never says what it offers": Case({"stream": f"{ANSWER}>"}, TIMEOUT, LIMIT),
    "speaks an old version": Case({"stream": f"{ANSWER}>".replace("1.0", "0.9")}),
    "offers no TLS": Case({"stream": f"{ANSWER}><stream:features/>"}),
    "refuses TLS": Case({**STARTED, "starttls": f"<failure xmlns='{TLS}'/></stream:stream>"}),
    "says more before TLS": Case({**STARTED, "starttls": f"{PROCEED}<stream:features/>"}),
    "never answers about TLS": Case({**STARTED, "starttls": ""}, TIMEOUT, LIMIT),
    "breaks off within TLS": Case({**STARTED, "secured": CLOSE}),
    "does not go on within TLS": Case(STARTED, TIMEOUT, LIMIT),
    "does not know itself": Case({"stream": stream_error("host-unknown")}),
    "has waited too long": Case({"stream": stream_error("connection-timeout")}, TIMEOUT),
    "takes no proof": Case({**STARTED, "secured": f"{NO_DIALBACK}<stream:features/>"}),
    "calls our key wrong": Case({**SECURED, "key": verdict("invalid")}),
    "cannot ask about our key": Case(
        {**SECURED, "key": verdict_error("remote-server-timeout")}, TIMEOUT
    ),
    "does not like our key": Case({**SECURED, "key": verdict_error("policy-violation")}),
    "says nothing of our key": Case(SECURED, TIMEOUT, LIMIT),
    "says something of another key": Case(
        {**SECURED, "key": verdict("valid").replace("REMOTE", "other.test")}, TIMEOUT, LIMIT
    ),
    "has a certificate that is over": Case(SECURED, certificate="expired"),
    "has one that is not valid yet": Case(SECURED, certificate="early"),
    "has the certificate of another": Case(SECURED, certificate="other"),
    "has made its certificate itself": Case(SECURED, certificate="strange"),
    "sends stanzas we did not ask for": Case(
        {**SECURED, "key": "<message from='a@REMOTE' to='juliet@capulet.test'/>"}, TIMEOUT
    ),
}

PLACES: Final[Mapping[str, tuple[str, str, int]]] = {
    "DNS does not answer": ("silent", TIMEOUT, LIMIT),
    "DNS knows nothing of it": ("nothing", NOT_FOUND, 0),
    "connecting takes for ever": ("11.9.9.9", TIMEOUT, LIMIT),
    "nobody listens": ("11.8.8.8", NOT_FOUND, 0),
    "it is on this machine": ("127.0.0.1", NOT_FOUND, 0),
    "it is in this network": ("10.0.0.1", NOT_FOUND, 0),
    "it is we ourselves": ("11.0.0.1", NOT_FOUND, 0),
}
"""Where a domain is said to be."""


class Failing(Raw):
    """A connection with such a server."""

    def __init__(self, network: Network, case: Case, domain: str, certified: Certified) -> None:
        super().__init__(network)
        self._case = case
        self._domain = domain
        self._certified = certified
        self._secure = False

    def connectionMade(self) -> None:
        self._say("")

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        header = "secured" if self._secure else "stream"
        for sign, moment in (
            ("<stream:stream", header),
            ("<starttls", "starttls"),
            ("<db:result", "key"),
        ):
            if sign in self.heard:
                self.heard = ""
                self._say(moment)

    def _say(self, moment: str) -> None:
        said = self._case.said.get(moment, "").replace("REMOTE", self._domain)
        assert self.transport is not None
        if said == CLOSE:
            self.transport.loseConnection()
        else:
            self.transport.write(said.encode())
        if said == PROCEED:
            self._secure = True
            self.transport = start_tls(self.transport, self, _Shows(self._certified))


@implementer(IOpenSSLServerConnectionCreator)
class _Shows:
    """The server's side of TLS."""

    def __init__(self, certified: Certified) -> None:
        self._context = peer_context()
        self._context.use_certificate(certified[0])
        self._context.use_privatekey(certified[1])

    def serverConnectionForTLS(self, tlsProtocol: IProtocol) -> SSL.Connection:
        return SSL.Connection(self._context, None)


class Elsewhere:
    """Domains that fail, each by its own address.

    :param certificates: by kind.
    """

    def __init__(self, network: Network, certificates: Mapping[str, Certified]) -> None:
        self._network = network
        self.certificates = certificates
        self._count = 0
        network.silent.add("11.9.9.9")

    def server(self, case: Case) -> str:
        """A domain with such a server; give it back with `forget`."""
        domain = self._name("certain" if case.certificate else "any")
        address = f"11.1.{self._count // 250 % 250}.{self._count % 250}"
        certified = self.certificates[case.certificate or "other"]
        self._network.known[domain] = [Target(address)]
        self._network.hosts[address, 5269] = lambda: Failing(self._network, case, domain, certified)
        return domain

    def place(self, where: str) -> str:
        """A domain that is said to be somewhere."""
        domain = self._name("any")
        if where == "silent":
            self._network.silent.add(domain)
        elif where != "nothing":
            self._network.known[domain] = [Target(where)]
        return domain

    def forget(self, domain: str) -> None:
        """Have such a domain no more."""
        self._network.silent.discard(domain)
        for target in self._network.known.pop(domain, []):
            if target.host.startswith("11.1."):
                del self._network.hosts[target.host, 5269]

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"d{self._count}.{kind}.test"
