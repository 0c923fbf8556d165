"""The client's side of a login: right, or wrong in one place."""

import base64
import hashlib
import hmac
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from tests.scenarios.hostile_house import PASSWORD, Client, auth
from tests.scenarios.hostile_reading import Element
from xmppd.protocol.mechanisms import ALGORITHMS


def response(message: bytes) -> bytes:
    text = base64.b64encode(message)
    return b"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%b</response>" % text


@implementer(ICredentialsChecker)
class Porter:
    """Lets everybody in, and tells who has been looked at."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, asked: list[object]) -> None:
        self._asked = asked

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        self._asked.append(credentials.username)
        return succeed(credentials.username)


class Scram:
    """One exchange (RFC 5802). `challenge` is what the server said, `last` our final message."""

    def __init__(
        self,
        name: str,
        mechanism: str = "SCRAM-SHA-1",
        gs2: str = "n,,",
        binding: bytes = b"",
        password: str = PASSWORD,
    ) -> None:
        self._mechanism = mechanism
        self._hash = ALGORITHMS[mechanism.removeprefix("SCRAM-").removesuffix("-PLUS")]
        self._channel = gs2.encode() + binding
        self._bare = f"n={name},r=abcdef".encode()
        self._password = password.encode()
        self.first = gs2.encode() + self._bare
        self.challenge = b""
        self.last = b""

    def log_in(self, client: Client) -> list[Element]:
        """Go through with it; what the server says in the end."""
        client.send(self.final(client))
        return client.taken()

    def final(
        self,
        client: Client,
        nonce: str = "",
        channel: bytes | None = None,
        extra: str = "",
        proof: bytes | None = None,
        whole: bytes | None = None,
    ) -> bytes:
        """Begin, and give the response to the challenge; the arguments are what to say instead."""
        client.send(auth(self.first, self._mechanism))
        [challenge] = client.taken()
        self.challenge = base64.b64decode(challenge.text or "")
        said = dict(part.split("=", 1) for part in self.challenge.decode().split(","))
        bound = base64.b64encode(self._channel if channel is None else channel).decode()
        unproved = f"c={bound},r={nonce or said['r']}{extra}".encode()
        right = self._proof(base64.b64decode(said["s"]), int(said["i"]), unproved)
        shown = base64.b64encode(right if proof is None else proof)
        self.last = unproved + b",p=" + shown if whole is None else whole
        return response(self.last)

    def _proof(self, salt: bytes, iterations: int, unproved: bytes) -> bytes:
        salted = hashlib.pbkdf2_hmac(self._hash, self._password, salt, iterations)
        key = hmac.digest(salted, b"Client Key", self._hash)
        stored = hashlib.new(self._hash, key).digest()
        message = b",".join([self._bare, self.challenge, unproved])
        signature = hmac.digest(stored, message, self._hash)
        return bytes(one ^ other for one, other in zip(key, signature, strict=True))
