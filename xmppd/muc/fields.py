"""How XMPP calls the fields of rooms' configurations (XEP-0045, 15.5.3, 15.5.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from xmppd.chat.option import Field
from xmppd.muc import names
from xmppd.protocol import forms
from xmppd.protocol.forms import FieldType, FormError


@attrs.frozen
class Wire:
    """A field in owners' forms, `var`, and in what is told of a room, `info`.

    `shown` and `read` turn a value into that of the form and back. `choices` gives those of a
    list; `type` and `label` take the place of what follows from the field.
    """

    var: str
    info: tuple[str, ...] = ()
    type: FieldType | None = None
    label: str = ""
    shown: Callable[[Any], Any] = lambda value: value
    read: Callable[[Any], Any] = lambda value: value
    choices: Callable[[Field, Any], Mapping[str, str]] = lambda field, _: field.choices


def _roomconfig(name: str, info: Iterable[str] = (), **more: Any) -> Wire:
    return Wire(f"muc#roomconfig_{name}", tuple(info), **more)


def _own(name: str, info: Iterable[str] = (), **more: Any) -> Wire:
    return Wire(f"{{{names.EXTRA}}}{name.replace('_', '')}", tuple(info), **more)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise FormError("not a number")
    return int(text)


def _limit(text: str | None) -> int:
    return 0 if text in (None, "none") else _number(text)


_LIMITS = ("10", "20", "30", "50", "100", "200", "500", "1000")


def _limits(field: Field, limit: int) -> Mapping[str, str]:
    steps = sorted({*_LIMITS, *([str(limit)] if limit else [])}, key=int)
    return {**{step: step for step in steps}, "none": "No limit"}


def _not(value: bool) -> bool:
    return not value


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(map(str, values))


_WIRES: Mapping[str, Wire] = {
    "name": _roomconfig("roomname", ["muc#roomconfig_roomname"]),
    "description": _roomconfig("roomdesc", ["muc#roominfo_description"]),
    "language": _roomconfig("lang", ["muc#roominfo_lang"]),
    "persistent": _roomconfig("persistentroom"),
    "hidden": _roomconfig("publicroom", label="The room is listed", shown=_not, read=_not),
    "members_only": _roomconfig("membersonly"),
    "members_invite": _roomconfig("allowinvites"),
    "moderated": _roomconfig("moderatedroom"),
    "open_topic": _roomconfig(
        "changesubject", ["muc#roominfo_subjectmod", "muc#roomconfig_changesubject"]
    ),
    "whispers": _roomconfig("allowpm"),
    "identities": _roomconfig(
        "whois",
        shown=lambda value: "anyone" if value == "everyone" else value,
        read=lambda value: "everyone" if value == "anyone" else value,
        choices=lambda *_: {"moderators": "Moderators only", "anyone": "Anyone"},
    ),
    "limit": _roomconfig(
        "maxusers",
        type=FieldType.LIST_SINGLE,
        shown=lambda value: str(value) if value else "none",
        read=_limit,
        choices=_limits,
    ),
    "history": Wire("muc#maxhistoryfetch", ("muc#maxhistoryfetch",), read=_number),
    "archive": _roomconfig("enablearchiving"),
    "broadcast": _roomconfig("presencebroadcast"),
    "member_list": _roomconfig("getmemberlist"),
    "published": _roomconfig("enablelogging"),
    "published_at": _own("published_at", ["muc#roominfo_logs"]),
    "feed": _roomconfig("pubsub", ["muc#roomconfig_pubsub"]),
    "contacts": _own(
        "contacts", ["muc#roominfo_contactjid"], type=FieldType.JID_MULTI, read=_texts
    ),
    "password": _roomconfig("roomsecret", label="Password"),
}


def wire_of(field: Field) -> Wire:
    """How a field is written; one that XMPP does not know has a name of ours (XEP-0068, 3.2)."""
    known = _WIRES.get(field.name)
    if known is not None:
        return known
    wire = _own(field.name, read=_number) if field.kind is int else _own(field.name)
    return attrs.evolve(wire, info=(wire.var,))


def type_of(field: Field, wire: Wire) -> FieldType:
    """The type of a field in a form."""
    if wire.type is not None:
        return wire.type
    if field.kind is bool:
        return FieldType.BOOLEAN
    if field.kind is tuple:
        return FieldType.LIST_MULTI if field.choices else FieldType.TEXT_MULTI
    if field.private:
        return FieldType.TEXT_PRIVATE
    return FieldType.LIST_SINGLE if field.choices else FieldType.TEXT_SINGLE


def info_fields(field: Field, value: Any) -> list[forms.Field]:
    """A value as it is told to people who have not come in yet."""
    wire = wire_of(field)
    kind = type_of(field, wire)
    return [forms.Field(var, kind, wire.shown(value)) for var in wire.info]


def config_field(field: Field, value: Any) -> forms.Field:
    """A field of the form in which owners configure a room."""
    wire = wire_of(field)
    choices = wire.choices(field, value).items()
    return forms.Field(
        wire.var,
        type_of(field, wire),
        wire.shown(value),
        wire.label or field.label,
        options=tuple(forms.Option(choice, label) for choice, label in choices),
    )
