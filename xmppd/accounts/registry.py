"""The accounts of one host: which exist, and their keys."""

import secrets
import time
from typing import Any

import attrs
from twisted.internet.defer import Deferred, succeed

from xmppd.accounts.interfaces import NoSuchAccount
from xmppd.accounts.stored import Stores
from xmppd.protocol.jid import new_local
from xmppd.protocol.scram_keys import ScramKeys
from xmppd.storage.codecs import AttrsCodec, JsonCodec
from xmppd.storage.interfaces import Changed, Corrupt, Owner, Versioned

HASHES = ("SHA-512", "SHA-256", "SHA-1")
"""The hashes for which keys are kept, the strongest first."""


class AccountExists(Exception):
    """There is an account of that name already."""


@attrs.frozen
class AccountRecord:
    """That an account exists. `created` is in seconds since 1970; `external`: its password is
    kept elsewhere, and this record was made at its first login."""

    created: int = 0
    disabled: bool = False
    external: bool = False


class Accounts:
    """The accounts of one domain in our own storage."""

    def __init__(self, domain: str, stores: Stores) -> None:
        self.domain = domain
        self._stores = stores
        self._records = stores.document("account", AttrsCodec(AccountRecord))
        self._keys = stores.document("credentials", JsonCodec())
        self._secrets = stores.document("host_key", JsonCodec())
        self._host_key: bytes | None = None

    def owner(self, name: str) -> Owner:
        return Owner(self.domain, name)

    def record(self, name: str) -> Deferred[AccountRecord | None]:
        """The record of a localpart, or None: there is no such account."""
        return self._records.get(self.owner(name)).addCallback(_value)

    def names(self, after: str = "", limit: int = 500) -> Deferred[list[str]]:
        """Localparts in their order, from `after` on."""
        found = self._records.owners(self.domain, after, limit)
        return found.addCallback(lambda owners: [owner.name for owner in owners])

    def create(self, name: str, password: str) -> Deferred[Any]:
        """Add an account; fires when it is kept.

        Raises `InvalidJid` or ValueError for a name or password that cannot be, and fails with
        `AccountExists`.
        """
        keys = make_keys(password)
        owner = self.owner(new_local(name))
        with self._stores.unit() as kept:
            self._put_new(owner, AccountRecord(int(time.time())))
            self._keys.put(owner, keys)
        return kept.addErrback(_exists)

    def provide(self, name: str) -> Deferred[AccountRecord]:
        """The record of an account that a foreign checker vouches for, made where it lacks."""

        def made(record: AccountRecord | None) -> AccountRecord:
            return record or AccountRecord(int(time.time()), external=True)

        return self._records.change(self.owner(name), made)

    def set_password(self, name: str, password: str) -> Deferred[Any]:
        """Replace the keys of an account; fails with `NoSuchAccount`.

        Raises ValueError for an unusable password.
        """
        keys = make_keys(password)
        there = self.record(name).addCallback(_demanded, name)
        return there.addCallback(lambda _: self._keys.put(self.owner(name), keys))

    def disable(self, name: str, disabled: bool = True) -> Deferred[Any]:
        """Forbid or allow logging in; fails with `NoSuchAccount`."""

        def changed(record: AccountRecord | None) -> AccountRecord:
            return attrs.evolve(_demanded(record, name), disabled=disabled)

        return self._records.change(self.owner(name), changed)

    def remove(self, name: str) -> Deferred[None]:
        """Remove all that is stored of an account."""
        return self._stores.erase(self.owner(name))

    def keys(self, name: str, hash: str) -> Deferred[ScramKeys | None]:
        """The keys of an account, or None; fails with `Corrupt` where they are no keys."""
        owner = self.owner(name)

        def pick(found: Versioned[Any] | None) -> ScramKeys | None:
            if found is None:
                return None
            try:
                data = found.value.get(hash)
                return None if data is None else ScramKeys.from_dict(data)
            except (AttributeError, ValueError) as problem:
                raise Corrupt("credentials", owner, str(problem)) from problem

        return self._keys.get(owner).addCallback(pick)

    def host_key(self) -> Deferred[bytes]:
        """The key of fake salts: drawn once, kept, never told."""
        if self._host_key is not None:
            return succeed(self._host_key)

        return Deferred.fromCoroutine(self._read_host_key(self.owner("")))

    async def _read_host_key(self, owner: Owner) -> bytes:
        found = await self._secrets.get(owner)  # first, as a full disk can still be read
        if found is None:
            key = await self._secrets.change(owner, lambda key: key or secrets.token_hex(32))
        else:
            key = found.value
        self._host_key = bytes.fromhex(key)
        return self._host_key

    def _put_new(self, owner: Owner, record: AccountRecord) -> None:
        self._records.put(owner, record, if_version=0)


def make_keys(password: str) -> dict[str, Any]:
    """What is kept of a password. Raises ValueError where it cannot be prepared."""
    return {hash: ScramKeys.from_password(password, hash).to_dict() for hash in HASHES}


def _value(found: Versioned[AccountRecord] | None) -> AccountRecord | None:
    return None if found is None else found.value


def _demanded(record: AccountRecord | None, name: str) -> AccountRecord:
    if record is None:
        raise NoSuchAccount(name)
    return record


def _exists(failure: Any) -> None:
    failure.trap(Changed)
    raise AccountExists from None
