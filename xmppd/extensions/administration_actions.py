"""The use cases of XEP-0133: what each asks for, and by which verb it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from xmppd.accounts.contacts import Contact
from xmppd.component.commands import CommandFailed, Done, Note
from xmppd.protocol.forms import (
    Field,
    FieldType,
    FieldValue,
    Form,
    FormError,
    FormType,
    Option,
)
from xmppd.protocol.jid import Jid
from xmppd.protocol.markup import element
from xmppd.protocol.namespaces import ROSTER
from xmppd.sm.host import Host

ADMIN = "http://jabber.org/protocol/admin"
MOST = ("25", "50", "75", "100", "150", "200", "none")
"""How long lists of users may be wanted (XEP-0133, 4.18)."""

Values = Mapping[str, FieldValue]
Run = Callable[[Host, Values], Awaitable[Done]]
"""Does what was asked for in a form."""


@attrs.frozen
class Action:
    """One use case of XEP-0133; without `fields` it is carried out at once."""

    node: str
    name: str
    run: Run
    fields: tuple[Field, ...] = ()


# What the forms ask for

_ACCOUNT = Field("accountjid", FieldType.JID_SINGLE, label="The account", required=True)
_ACCOUNTS = Field("accountjids", FieldType.JID_MULTI, label="The accounts", required=True)
_PASSWORD = Field("password", FieldType.TEXT_PRIVATE, label="The password", required=True)
_AGAIN = Field("password-verify", FieldType.TEXT_PRIVATE, label="The password again", required=True)
_LENGTH = Field(
    "max_items",
    FieldType.LIST_SINGLE,
    "none",
    label="How many at most",
    options=tuple(Option(value) for value in MOST),
)


def _text(var: str, label: str) -> Field:
    return Field(var, FieldType.TEXT_MULTI, label=label, required=True)


def _lines(values: Values, var: str) -> str:
    lines = values[var]
    assert isinstance(lines, tuple)
    return "\n".join(lines)


# What is done


async def _add(host: Host, values: Values) -> Done:
    if values["password"] != values["password-verify"]:
        raise FormError("the passwords differ")
    await _verb(host, "adduser", jid=values["accountjid"], password=values["password"])
    return Done((Note(f"{values['accountjid']} has been added."),))


async def _change_password(host: Host, values: Values) -> Done:
    await _verb(host, "passwd", jid=values["accountjid"], password=values["password"])
    return Done((Note(f"The password of {values['accountjid']} has been changed."),))


def _for_each(verb: str, done: str) -> Run:
    """Do the same with each account; what goes wrong with one does not keep it from the next."""

    async def run(host: Host, values: Values) -> Done:
        accounts = values["accountjids"]
        assert isinstance(accounts, tuple)
        notes = []
        for jid in accounts:
            try:
                await _verb(host, verb, jid=jid)
                notes.append(Note(f"{jid} {done}."))
            except CommandFailed as failure:
                notes.append(Note(str(failure), "error"))
        return Done(tuple(notes))

    return run


async def _contacts(host: Host, values: Values) -> Done:
    """4.8: the roster stands within the form."""
    accounts = values["accountjids"]
    assert isinstance(accounts, tuple)
    if len(accounts) != 1:
        raise FormError("one roster at a time")
    found = await _verb(host, "roster", jid=accounts[0])
    items = [
        Contact(
            Jid.parse(each["jid"]),
            each["name"] or "",
            groups=tuple(each["groups"]),
            subscription=each["subscription"],
        ).to_item()
        for each in found
    ]
    form = _result(Field("accountjids", FieldType.JID_MULTI, accounts))
    query = element("query", ROSTER, None, *items)
    return Done(content=(form.removesuffix(b"</x>") + query + b"</x>",))


async def _last_login(host: Host, values: Values) -> Done:
    accounts = values["accountjids"]
    assert isinstance(accounts, tuple)
    seen = [(await _verb(host, "user", jid=jid))["last_seen"] or "never" for jid in accounts]
    fields = (
        Field("accountjids", FieldType.JID_MULTI, accounts),
        Field("lastlogin", FieldType.TEXT_MULTI, tuple(seen)),
    )
    return Done(content=(_result(*fields),))


async def _statistics(host: Host, values: Values) -> Done:
    found = await _verb(host, "user", jid=values["accountjid"])
    sessions = found["sessions"]
    resources = [Jid.parse(each["jid"]).resource for each in sessions]
    addresses = dict.fromkeys(each["address"] for each in sessions)
    fields = (
        Field("ipaddresses", FieldType.TEXT_MULTI, tuple(addresses)),
        Field("rostersize", FieldType.TEXT_SINGLE, found["contacts"]),
        Field("onlineresources", FieldType.TEXT_MULTI, tuple(resources)),
    )
    return Done(content=(_result(*fields),))


def _count(state: str, var: str) -> Run:
    async def run(host: Host, values: Values) -> Done:
        found = await _verb(host, "users", domain=host.domain, state=state)
        return Done(content=(_result(Field(var, FieldType.TEXT_SINGLE, len(found))),))

    return run


def _list(state: str, var: str) -> Run:
    async def run(host: Host, values: Values) -> Done:
        most = values.get("max_items")
        limit = {"most": int(most)} if isinstance(most, str) and most != "none" else {}
        found = await _verb(host, "users", domain=host.domain, state=state, **limit)
        listed = tuple(Jid.parse(each["jid"]) for each in found)
        return Done(content=(_result(Field(var, FieldType.JID_MULTI, listed)),))

    return run


def _announcing(verb: str, var: str) -> Run:
    async def run(host: Host, values: Values) -> Done:
        await _verb(host, verb, text=_lines(values, var), domain=host.domain)
        return Done()

    return run


async def _delete_motd(host: Host, values: Values) -> Done:
    await _verb(host, "motd_delete", domain=host.domain)
    return Done()


async def _verb(host: Host, name: str, **arguments: Any) -> Any:
    return await host.perform(name, arguments)


def _result(*fields: Field) -> bytes:
    return Form.of(FormType.RESULT, ADMIN, *fields).to_xml()


ACTIONS = (
    Action("add-user", "Add User", _add, (_ACCOUNT, _PASSWORD, _AGAIN)),
    Action("delete-user", "Delete User", _for_each("deluser", "has been removed"), (_ACCOUNTS,)),
    Action("disable-user", "Disable User", _for_each("disable", "is disabled"), (_ACCOUNTS,)),
    Action("reenable-user", "Re-Enable User", _for_each("enable", "is enabled"), (_ACCOUNTS,)),
    Action(
        "end-user-session",
        "End User Session",
        _for_each("kick", "has no sessions any more"),
        (_ACCOUNTS,),
    ),
    Action("change-user-password", "Change User Password", _change_password, (_ACCOUNT, _PASSWORD)),
    Action("get-user-roster", "Get User Roster", _contacts, (_ACCOUNTS,)),
    Action("get-user-lastlogin", "Get User Last Login Time", _last_login, (_ACCOUNTS,)),
    Action("user-stats", "Get User Statistics", _statistics, (_ACCOUNT,)),
    Action(
        "get-registered-users-num",
        "Get Number of Registered Users",
        _count("all", "registeredusersnum"),
    ),
    Action(
        "get-disabled-users-num",
        "Get Number of Disabled Users",
        _count("disabled", "disabledusersnum"),
    ),
    Action(
        "get-online-users-num", "Get Number of Online Users", _count("online", "onlineusersnum")
    ),
    Action(
        "get-registered-users-list",
        "Get List of Registered Users",
        _list("all", "registereduserjids"),
        (_LENGTH,),
    ),
    Action(
        "get-disabled-users-list",
        "Get List of Disabled Users",
        _list("disabled", "disableduserjids"),
        (_LENGTH,),
    ),
    Action(
        "get-online-users-list",
        "Get List of Online Users",
        _list("online", "onlineuserjids"),
        (_LENGTH,),
    ),
    Action(
        "announce",
        "Send Announcement to Online Users",
        _announcing("announce", "announcement"),
        (_text("announcement", "The announcement"),),
    ),
    Action(
        "set-motd",
        "Set Message of the Day",
        _announcing("motd_set", "motd"),
        (_text("motd", "The message of the day"),),
    ),
    Action(
        "edit-motd",
        "Edit Message of the Day",
        _announcing("motd_edit", "motd"),
        (_text("motd", "The message of the day"),),
    ),
    Action("delete-motd", "Delete Message of the Day", _delete_motd),
)
