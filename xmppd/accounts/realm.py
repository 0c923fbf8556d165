"""Our realm and our checker: cred on top of the accounts in storage."""

from collections.abc import Callable
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from xmppd.accounts.edits import Edits
from xmppd.accounts.interfaces import IAccount, IScramKeys, IScramProof, NoSuchAccount
from xmppd.accounts.registry import HASHES, AccountRecord, Accounts
from xmppd.accounts.stored import StoredAccount, Stores
from xmppd.protocol.jid import Jid
from xmppd.protocol.scram_keys import ScramKeys, fake_keys

PLAIN_HASH = "SHA-1"
"""Against which keys PLAIN is checked: all are made of the same password, these are cheapest."""

Avatar = tuple[type[Interface], object, Callable[[], None]]


class Login:
    """The mind of `portal.login`: who asks for an avatar in order to log in.

    Without one the avatar is asked for on behalf of others, to deliver something to it.
    """


@implementer(IRealm)
class StoredRealm:
    """The avatars of one host's accounts. An avatar id is a localpart."""

    def __init__(self, accounts: Accounts, stores: Stores, edits: Edits | None = None) -> None:
        self._accounts = accounts
        self._stores = stores
        self._edits = edits or Edits()

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Deferred[Avatar]:
        """Fails with `NoSuchAccount`, unless `mind` is a `Login`: then a checker vouches for the
        account, and it comes into being."""
        if IAccount not in interfaces:
            raise NotImplementedError("the only avatars here are accounts")
        name = avatarId.decode() if isinstance(avatarId, bytes) else avatarId
        jid = Jid.of(name, self._accounts.domain)

        def found(record: AccountRecord | None) -> Any:
            if record is None and isinstance(mind, Login):
                return self._accounts.provide(name).addCallback(found)
            if record is None:
                raise NoSuchAccount(name)
            account = StoredAccount(jid, self._stores, self._edits, record.disabled)
            return IAccount, account, _logged_out

        return self._accounts.record(name).addCallback(found)


@implementer(ICredentialsChecker, IScramKeys)
class StoredKeysChecker:
    """Checks passwords and SCRAM proofs against the keys in storage."""

    credentialInterfaces = (IUsernamePassword, IScramProof)
    hashes = HASHES

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def keys(self, name: str, hash: str) -> Deferred[ScramKeys | None]:
        return self._accounts.keys(name, hash)

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes | tuple[()]]:
        """The localpart; fails with `UnauthorizedLogin` after the same work for unknown ones."""
        name = credentials.username
        name = name.decode() if isinstance(name, bytes) else name
        hash = credentials.hash if IScramProof.providedBy(credentials) else PLAIN_HASH

        def checked(found: tuple[bytes, ScramKeys | None]) -> bytes:
            host_key, keys = found
            fake = fake_keys(host_key, name, hash)
            if not _matches(credentials, keys or fake) or keys is None:
                raise UnauthorizedLogin("wrong name or password")
            return name.encode()

        def with_keys(host_key: bytes) -> Deferred[tuple[bytes, ScramKeys | None]]:
            return self._accounts.keys(name, hash).addCallback(lambda keys: (host_key, keys))

        return self._accounts.host_key().addCallback(with_keys).addCallback(checked)


def _matches(credentials: Any, keys: ScramKeys) -> bool:
    if IScramProof.providedBy(credentials):
        return bool(credentials.check(keys))
    password = credentials.password
    return keys.check_password(password.decode() if isinstance(password, bytes) else password)


def _logged_out() -> None:
    """Nothing to undo: an account does not know who is logged in."""
