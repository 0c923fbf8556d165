"""The form in which owners configure a room (XEP-0045, 10.2, 15.5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from xmppd.chat.room import Room
from xmppd.muc import names
from xmppd.muc.fields import Wire, config_field, wire_of
from xmppd.protocol.forms import Field, FieldType, FieldValue, Form, FormError, FormType

Values = dict[str, Any]

_PROTECTED, _SECRET = "muc#roomconfig_passwordprotectedroom", "muc#roomconfig_roomsecret"
_OWNERS, _ADMINS = "muc#roomconfig_roomowners", "muc#roomconfig_roomadmins"


def config_form(room: Room, owners: list[str], admins: list[str]) -> Form:
    """The form in which owners configure a room (XEP-0045, 10.2)."""
    fields = [config_field(field, room.config[name]) for name, field in room.fields.items()]
    protected = bool(room.config["password"])
    fields += [
        Field(_PROTECTED, FieldType.BOOLEAN, protected, "A password is needed to enter"),
        Field(_OWNERS, FieldType.JID_MULTI, tuple(owners), "Owners"),
        Field(_ADMINS, FieldType.JID_MULTI, tuple(admins), "Admins"),
    ]
    title = f"Configuration of {room.saved.address}"
    return Form.of(FormType.FORM, names.ROOM_CONFIG, *fields, title=title)


@attrs.frozen
class Submitted:
    """What an owner wants a room to be."""

    values: Values
    owners: tuple[str, ...] | None
    admins: tuple[str, ...] | None


def read_config(room: Room, form: Form, submission: Form) -> Submitted:
    """What a submission of a room's form says. Raises `FormError`."""
    given = form.validate(submission)
    wires = {name: wire_of(field) for name, field in room.fields.items() if name != "password"}
    values = {
        name: _read(wire, given[wire.var]) for name, wire in wires.items() if wire.var in given
    }
    _read_password(given, values, bool(room.config["password"]))
    return Submitted(values, _accounts(given.get(_OWNERS)), _accounts(given.get(_ADMINS)))


def _read(wire: Wire, given: FieldValue) -> Any:
    try:
        return wire.read(given)
    except FormError as problem:
        raise FormError(f"{wire.var}: {problem}") from None


def _read_password(given: Mapping[str, FieldValue], values: Values, known: bool) -> None:
    """Read the password; `known`: there is one already, which holds unless another is given."""
    protected, secret = given.get(_PROTECTED), given.get(_SECRET)
    if protected is False:
        values["password"] = ""
    elif secret:
        values["password"] = secret
    elif protected and not (known and secret is None):
        raise FormError("a password-protected room needs a password")


def _accounts(jids: Any) -> tuple[str, ...] | None:
    return None if jids is None else tuple(dict.fromkeys(jid.bare for jid in jids))
