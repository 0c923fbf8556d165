"""What disco#info tells of a room beside its features (XEP-0045, 6.4, 15.5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xmppd.chat.model import Person
from xmppd.chat.rights import Right
from xmppd.chat.room import Room
from xmppd.muc import names
from xmppd.muc.fields import info_fields
from xmppd.protocol.forms import Field, FieldType, Form, FormType

_TEXT = FieldType.TEXT_SINGLE


def info_form(room: Room, person: Person) -> Form:
    """The form; its subject is for those who may enter (XEP-0045, 13.4)."""
    return Form.of(FormType.RESULT, names.ROOM_INFO, *_fields(room, person))


def _fields(room: Room, person: Person) -> Iterator[Field]:
    for name, value in room.options.shown(room.config).items():
        yield from info_fields(room.fields[name], value)
    yield Field("muc#roominfo_occupants", _TEXT, len(room.occupants))
    if room.saved.topic is not None and _may_know(room, person):
        yield Field("muc#roominfo_subject", _TEXT, _subject(room.saved.topic.content))
    if room.saved.picture:
        yield Field("muc#roominfo_avatarhash", _TEXT, room.saved.picture)


def _may_know(room: Room, person: Person) -> bool:
    if person in room.sessions:
        return True
    return room.may(person, Right.ENTER) and not room.config["password"]


def _subject(content: Any) -> str:
    return content.stanza.text("", "subject") or ""
