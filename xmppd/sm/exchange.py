"""One SASL exchange (RFC 6120, 6), answered where the accounts live, through cred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginFailed
from zope.interface import implementer

from xmppd.accounts.interfaces import IAccount, IScramKeys, IScramProof, NoSuchAccount
from xmppd.accounts.realm import Login
from xmppd.component.session import StreamFacts
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element
from xmppd.protocol.mechanisms import MECHANISMS, mechanism_named
from xmppd.protocol.namespaces import SASL
from xmppd.protocol.sasl import SaslError, decode, encode, read_plain
from xmppd.protocol.scram import ScramServer
from xmppd.protocol.scram_keys import ScramKeys, fake_keys
from xmppd.protocol.stanza import Stanza

if TYPE_CHECKING:
    from twisted.cred.portal import Portal

    from xmppd.sm.host import Host
    from xmppd.sm.user import User


def mechanisms_of(portal: Portal) -> tuple[str, ...]:
    """What the checkers of a portal can serve, in the order of strength."""
    scram = portal.checkers.get(IScramProof)
    hashes = scram.hashes if scram is not None and IScramKeys.providedBy(scram) else ()
    plain = any(interface.__name__ == "IUsernamePassword" for interface in portal.checkers)
    return tuple(
        mechanism.name
        for mechanism in MECHANISMS
        if (mechanism.hash in hashes if mechanism.hash is not None else plain)
    )


@implementer(IScramProof)
class ScramProof:
    """What a client proved in a SCRAM exchange."""

    def __init__(self, username: str, server: ScramServer) -> None:
        self.username = username
        self.hash = server.hash
        self._server = server

    def check(self, keys: ScramKeys) -> bool:
        return self._server.verify(keys)


def failure(error: SaslError) -> bytes:
    """The `<failure/>` that tells a client of it (6.4.5)."""
    text = element("text", None, {"xml:lang": "en"}, error.text) if error.text else b""
    return element("failure", SASL, None, element(error.condition), text)


class Exchange:
    """One exchange of a stream. `user` is set once it has succeeded, `name` by what it says."""

    def __init__(self, host: Host, facts: StreamFacts) -> None:
        self.user: User | None = None
        self.facts = facts
        self._host = host
        self._scram: ScramServer | None = None
        self.name = ""

    async def step(self, sent: Stanza) -> bytes:
        """Take the client's element. Returns the one to answer with; raises SaslError."""
        if sent.name == "abort":
            raise SaslError("aborted")
        if sent.ns != SASL or sent.name != ("auth" if self._scram is None else "response"):
            raise SaslError("malformed-request", "not what this exchange waits for")
        message = decode(sent.own_text())
        if self._scram is not None:
            return await self._final(self._scram, message)
        mechanism = sent.attrs.get("mechanism", "")
        if mechanism not in self.facts.mechanisms or mechanism not in self._host.mechanisms:
            raise SaslError("invalid-mechanism", "not offered on this stream")
        if mechanism_named(mechanism).hash is None:
            return await self._plain(message)
        return await self._first(mechanism, message)

    async def _plain(self, message: bytes) -> bytes:
        plain = read_plain(message)
        self.name = name = self._identify(plain.authcid, plain.authzid)
        credentials = UsernamePassword(name.encode(), plain.password.encode())
        await self._log_in(name, credentials)
        return element("success", SASL)

    async def _first(self, mechanism: str, message: bytes) -> bytes:
        server = ScramServer(mechanism, self.facts.bindings, self.facts.mechanisms)
        server.first(message)
        self.name = self._identify(server.authcid, server.authzid)
        keys = await self._keys(self.name, server.hash)
        self._scram = server
        return element("challenge", SASL, None, encode(server.challenge(keys)))

    async def _keys(self, name: str, hash: str) -> ScramKeys:
        """The account's keys, or such as nobody has a password for: always the same ones."""
        accounts = self._host.accounts
        host_key = b"" if accounts is None else await accounts.host_key()
        fake = fake_keys(host_key or self._host.fallback_key, name, hash)
        checker: Any = self._host.portal.checkers[IScramProof]
        found: ScramKeys | None = await checker.keys(name, hash)
        return found or fake

    async def _final(self, server: ScramServer, message: bytes) -> bytes:
        server.final(message)
        await self._log_in(self.name, ScramProof(self.name, server))
        return element("success", SASL, None, encode(server.success()))

    def _identify(self, authcid: str, authzid: str) -> str:
        """The localpart that asks to log in; as it stands where it is no valid one."""
        text = authcid if "@" in authcid else f"{authcid}@{self._host.domain}"
        try:
            jid = Jid.parse(text)
        except InvalidJid:
            return authcid
        if authzid:
            self._authorize(jid, authzid)
        return jid.local if jid.domain == self._host.domain and not jid.resource else authcid

    def _authorize(self, jid: Jid, authzid: str) -> None:
        """Everybody may act as themselves, and as nobody else (6.3.8)."""
        try:
            asked = Jid.parse(authzid)
        except InvalidJid:
            asked = None
        if asked != jid:
            raise SaslError("invalid-authzid")

    async def _log_in(self, name: str, credentials: Any) -> None:
        try:
            avatar: Any = await self._host.portal.login(credentials, Login(), IAccount)
        except (LoginFailed, NoSuchAccount, InvalidJid):
            raise SaslError("not-authorized") from None
        if avatar[1].disabled:
            avatar[2]()
            raise SaslError("not-authorized")
        self.user = await self._host.residents.load(name, avatar)
