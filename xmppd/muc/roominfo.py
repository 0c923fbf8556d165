"""What disco#info tells of a room beside its features (XEP-0045, 6.4, 15.5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xmppd.chat.model import Person
from xmppd.chat.rights import Right
from xmppd.chat.room import Room
from xmppd.muc import names
from xmppd.protocol.forms import Field, FieldType, Form, FormType

_TEXT, _BOOLEAN = FieldType.TEXT_SINGLE, FieldType.BOOLEAN


def info_form(room: Room, person: Person) -> Form:
    """The form; its subject is for those who may enter (XEP-0045, 13.4)."""
    return Form.of(FormType.RESULT, names.ROOM_INFO, *_always(room), *_sometimes(room, person))


def _always(room: Room) -> Iterator[Field]:
    config = room.config
    described = config["description"] or config["name"]
    yield Field("muc#roomconfig_roomname", _TEXT, config["name"])
    yield Field("muc#roominfo_description", _TEXT, described)
    yield Field("muc#roominfo_subjectmod", _BOOLEAN, config["open_topic"])
    yield Field("muc#roomconfig_changesubject", _BOOLEAN, config["open_topic"])
    yield Field("muc#roominfo_occupants", _TEXT, len(room.occupants))
    yield Field("muc#maxhistoryfetch", _TEXT, config["history"])


def _sometimes(room: Room, person: Person) -> Iterator[Field]:
    config = room.config
    if room.saved.topic is not None and _may_know(room, person):
        yield Field("muc#roominfo_subject", _TEXT, _subject(room.saved.topic.content))
    if config["language"]:
        yield Field("muc#roominfo_lang", _TEXT, config["language"])
    if config["contacts"]:
        yield Field("muc#roominfo_contactjid", FieldType.JID_MULTI, config["contacts"])
    if config["published"] and config["published_at"]:
        yield Field("muc#roominfo_logs", _TEXT, config["published_at"])
    if room.saved.picture:
        yield Field("muc#roominfo_avatarhash", _TEXT, room.saved.picture)
    if config["feed"]:
        yield Field("muc#roomconfig_pubsub", _TEXT, config["feed"])


def _may_know(room: Room, person: Person) -> bool:
    if person in room.sessions:
        return True
    return room.may(person, Right.ENTER) and not room.config["password"]


def _subject(content: Any) -> str:
    return content.stanza.text("", "subject") or ""
