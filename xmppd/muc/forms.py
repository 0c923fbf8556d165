"""The form in which owners configure a room (XEP-0045, 10.2, 15.5.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from xmppd.chat.room import Room
from xmppd.muc import names
from xmppd.protocol.forms import Field, FieldType, FieldValue, Form, FormError, FormType, Option

Values = dict[str, Any]


@attrs.frozen
class _Row:
    """How a field of a room's configuration is written: its name, its type, its values."""

    name: str
    var: str
    type: FieldType
    shown: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda value: value


def _roomconfig(name: str) -> str:
    return f"muc#roomconfig_{name}"


def _own(name: str) -> str:
    return f"{{{names.EXTRA}}}{name}"


_LIMITS = ("10", "20", "30", "50", "100", "200", "500", "1000")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FormError("not a number")
    return int(text)


def _not(value: bool) -> bool:
    return not value


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(map(str, values))


_TEXT, _BOOLEAN, _LIST = FieldType.TEXT_SINGLE, FieldType.BOOLEAN, FieldType.LIST_SINGLE
_LISTS, _JIDS = FieldType.LIST_MULTI, FieldType.JID_MULTI

_ROWS: tuple[_Row, ...] = (
    _Row("name", _roomconfig("roomname"), _TEXT),
    _Row("description", _roomconfig("roomdesc"), _TEXT),
    _Row("language", _roomconfig("lang"), _TEXT),
    _Row("persistent", _roomconfig("persistentroom"), _BOOLEAN),
    _Row("hidden", _roomconfig("publicroom"), _BOOLEAN, _not, _not),
    _Row("members_only", _roomconfig("membersonly"), _BOOLEAN),
    _Row("members_invite", _roomconfig("allowinvites"), _BOOLEAN),
    _Row("moderated", _roomconfig("moderatedroom"), _BOOLEAN),
    _Row("open_topic", _roomconfig("changesubject"), _BOOLEAN),
    _Row("whispers", _roomconfig("allowpm"), _LIST),
    _Row(
        "identities",
        _roomconfig("whois"),
        _LIST,
        lambda value: "anyone" if value == "everyone" else value,
        lambda value: "everyone" if value == "anyone" else value,
    ),
    _Row(
        "limit",
        _roomconfig("maxusers"),
        _LIST,
        lambda value: str(value) if value else "none",
        lambda value: 0 if value in (None, "none") else _number(value),
    ),
    _Row("history", "muc#maxhistoryfetch", _TEXT, str, _number),
    _Row("archive", _roomconfig("enablearchiving"), _BOOLEAN),
    _Row("broadcast", _roomconfig("presencebroadcast"), _LISTS),
    _Row("member_list", _roomconfig("getmemberlist"), _LISTS),
    _Row("published", _roomconfig("enablelogging"), _BOOLEAN),
    _Row("feed", _roomconfig("pubsub"), _TEXT),
    _Row("published_at", _own("publishedat"), _TEXT),
    _Row("contacts", _own("contacts"), _JIDS, read=_texts),
    _Row("fixed_nicks", _own("fixednicks"), _BOOLEAN),
    _Row("absent_members", _own("absentmembers"), _BOOLEAN),
    _Row("tell_absent", _own("tellabsent"), _BOOLEAN),
    _Row("registration", _own("registration"), _LIST),
    _Row("voice_requests", _own("voicerequests"), _BOOLEAN),
)
_OTHER_CHOICES = {"whois": {"moderators": "Moderators only", "anyone": "Anyone"}}
_LABELS = {"publicroom": "The room is listed"}
_PROTECTED, _SECRET = _roomconfig("passwordprotectedroom"), _roomconfig("roomsecret")
_OWNERS, _ADMINS = _roomconfig("roomowners"), _roomconfig("roomadmins")


def config_form(room: Room, owners: list[str], admins: list[str]) -> Form:
    """The form in which owners configure a room (XEP-0045, 10.2)."""
    fields = [_field(room, row) for row in _ROWS]
    password = room.config["password"]
    fields += [
        Field(_PROTECTED, _BOOLEAN, bool(password), "A password is needed to enter"),
        Field(_SECRET, FieldType.TEXT_PRIVATE, password, "Password"),
        Field(_OWNERS, FieldType.JID_MULTI, tuple(owners), "Owners"),
        Field(_ADMINS, FieldType.JID_MULTI, tuple(admins), "Admins"),
    ]
    title = f"Configuration of {room.saved.address}"
    return Form.of(FormType.FORM, names.ROOM_CONFIG, *fields, title=title)


def _field(room: Room, row: _Row) -> Field:
    field, short = room.fields[row.name], row.var.removeprefix("muc#roomconfig_")
    value = row.shown(room.config[row.name])
    choices: Mapping[str, str] = _OTHER_CHOICES.get(short, field.choices)
    if row.name == "limit":
        steps = sorted({value, *_LIMITS} - {"none"}, key=int)
        choices = {**{step: step for step in steps}, "none": "No limit"}
    options = tuple(Option(value, label) for value, label in choices.items())
    return Field(row.var, row.type, value, _LABELS.get(short, field.label), options=options)


@attrs.frozen
class Submitted:
    """What an owner wants a room to be."""

    values: Values
    owners: tuple[str, ...] | None
    admins: tuple[str, ...] | None


def read_config(form: Form, submission: Form) -> Submitted:
    """What a submission of a room's form says. Raises `FormError`."""
    given = form.validate(submission)
    values = {row.name: row.read(given[row.var]) for row in _ROWS if row.var in given}
    known = form.field(_SECRET)
    _read_password(given, values, known is not None and any(known.values))
    return Submitted(values, _accounts(given.get(_OWNERS)), _accounts(given.get(_ADMINS)))


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
