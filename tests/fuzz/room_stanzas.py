"""Random stanzas to rooms: what XEP-0045 and its companions have clients send, and that mangled."""

from random import Random
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.chat.histories import ACCOUNTS, NICKS
from tests.fuzz.mangle import Mangler
from tests.fuzz.room_words import (
    AFFILIATIONS,
    DISCO,
    FIELDS,
    NAMESPACES,
    ODD,
    ROLES,
    ROOMS,
    RSM,
    SERVICE,
    SESSIONS,
    WORN,
    el,
)
from xmppd.muc import names
from xmppd.protocol.namespaces import CLIENT, DATA_FORMS, MAM, STANZA_IDS


class Writer(Mangler):
    """Writes stanzas by the choices of a random generator; `ids` are of messages in rooms."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.ids = ["unknown"]
        self.sender = SESSIONS[0]
        self._makers = (
            (12, self._entering), (4, self._presence), (8, self._said), (3, self._private),
            (2, self._subject), (3, self._invitation), (3, self._form_message),
            (2, self._retraction), (6, self._admin), (5, self._owner), (3, self._register),
            (4, self._archive),
            (5, self._asked), (2, self._answer),
        )  # fmt: skip

    def beginning(self) -> list[Element]:
        """Rooms that are made, opened, and entered by some; all as it should be."""
        made = []
        for room in ROOMS[:2]:
            made.append(self.entry(SESSIONS[0], room))
            kept = el("field", DATA_FORMS, {"var": "muc#roomconfig_persistentroom"})
            kept.append(el("value", DATA_FORMS, None, self._one("01")))
            made.append(self._iq("set", room, el("query", names.MUC_OWNER, None, _form_of(kept))))
            made[-1].set("from", SESSIONS[0])
            made += [self.entry(who, room) for who in self.random.sample(SESSIONS[1:], 6)]
        return made

    def entry(self, sender: str, room: str) -> Element:
        """Somebody comes under the nick that is theirs."""
        presence = el("presence", CLIENT, {"to": f"{room}/{self._own(sender)}"})
        presence.append(el("x", names.MUC))
        presence.set("from", sender)
        return presence

    def _own(self, sender: str) -> str:
        return WORN[ACCOUNTS.index(sender.partition("/")[0])]

    def stanza(self) -> Element:
        """What somebody sends."""
        [(_, make)] = self.random.choices(self._makers, [weight for weight, _ in self._makers])
        sender = self._one(SESSIONS[: 2 if self.random.random() < 0.3 else None])
        self.sender = sender if self.random.random() < 0.98 else self._one(ACCOUNTS)
        made = make()
        sender = self.sender
        made.set("from", sender)
        if self.random.random() < 0.4:
            for _ in range(self.random.choice((1, 1, 2, 5))):
                self.mangle(made)
            made.set("from", sender)
        if self.random.random() < 0.005:
            made.append(self.deep())
        return made

    def _perhaps(self, *children: Element) -> list[Element]:
        return [child for child in children if self.random.random() < 0.5]

    def _room(self) -> str:
        return self.random.choices(ROOMS, (8, 2, 1))[0]

    def _at(self) -> str:
        return f"{self._room()}/{self._nick()}"

    def _nick(self) -> str:
        return self._one(WORN) if self.random.random() < 0.8 else self._one(NICKS).strip() or "z"

    def _jid(self) -> str:
        many = (ACCOUNTS, SESSIONS, ["a.test", *ODD])
        return self._one(self.random.choices(many, (8, 2, 1))[0])

    # Presence

    def _entering(self) -> Element:
        wish = {key: self._one(("0", "1", "20", *ODD)) for key in self._some("maxchars", "seconds")}
        history = el("history", names.MUC, wish)
        password = el("password", names.MUC, None, "pw")
        x = el("x", names.MUC, None, *self._perhaps(history, password))
        nick = self._own(self.sender) if self.random.random() < 0.7 else self._nick()
        return el("presence", CLIENT, {"to": f"{self._room()}/{nick}"}, x, *self._shown())

    def _shown(self) -> list[Element]:
        shown = (el("show", CLIENT, None, "away"), el("status", CLIENT, None, self._one(WORN)))
        return self._perhaps(*shown, el("priority", CLIENT, None, self._one(("1", "-1", *ODD))))

    def _presence(self) -> Element:
        kind = self._one((None, None, "unavailable", "subscribe", "probe", "error", "invisible"))
        to = self._one((self._at(), f"{self._room()}/{self._own(self.sender)}", self._room()))
        return el("presence", CLIENT, {"to": to, "type": kind}, *self._shown())

    def _some(self, *things: str) -> list[str]:
        return [each for each in things if self.random.random() < 0.5]

    # Messages

    def _message(self, to: str, kind: str | None, *content: Element) -> Element:
        id = self._one((None, "m1", "m2", *ODD))
        return el("message", CLIENT, {"to": to, "type": kind, "id": id}, *content)

    def _said(self) -> Element:
        more = (
            el("x", names.MUC_USER, None, el("status", names.MUC_USER, {"code": "110"})),
            el("stanza-id", STANZA_IDS, {"by": self._room(), "id": "forged"}),
            el("delay", "urn:xmpp:delay", {"stamp": self._one(ODD)}),
            el("store", "urn:xmpp:hints"),
            el("no-store", "urn:xmpp:hints"),
        )
        content = [el("body", CLIENT, None, self._one(WORN))]
        return self._message(self._room(), "groupchat", *content, *self._perhaps(*more))

    def _private(self) -> Element:
        kind = self._one(("chat", "normal", None, "error", "headline", "groupchat"))
        return self._message(self._at(), kind, el("body", CLIENT, None, "psst"))

    def _subject(self) -> Element:
        content = [el("subject", CLIENT, None, self._one(("", "Fire Burn")))]
        return self._message(
            self._room(), "groupchat", *content, *self._perhaps(el("body", CLIENT))
        )

    def _invitation(self) -> Element:
        reason = el("reason", names.MUC_USER, None, "hey")
        more = self._perhaps(reason, el("continue", names.MUC_USER, {"thread": "t"}))
        kind = self._one(("invite", "invite", "decline"))
        asked = el(kind, names.MUC_USER, {"to": self._jid()}, *more)
        return self._message(self._room(), None, el("x", names.MUC_USER, None, asked))

    def _form_message(self) -> Element:
        kind = self._one((names.REQUEST, names.REGISTER_FORM))
        return self._message(self._room(), None, self._form(kind))

    def _retraction(self) -> Element:
        retract = el("retract", names.RETRACT, {"id": self._one(self.ids)})
        return self._message(self._room(), "groupchat", retract, el("body", CLIENT, None, "/me"))

    def _form(self, kind: str) -> Element:
        """A submitted form; its values fit their fields as often as not."""
        values = (*ODD, *WORN, *ACCOUNTS, *ROLES, "1", "0", "anyone", "moderators", "pw", "2")
        fields = []
        for var in self.random.sample(
            FIELDS[kind], self.random.randint(0, min(4, len(FIELDS[kind])))
        ):
            many = [
                el("value", DATA_FORMS, None, self._one(values))
                for _ in range(self._one((1, 1, 2)))
            ]
            fields.append(el("field", DATA_FORMS, {"var": var}, *many))
        form = _form_of(*fields, kind=kind)
        form.set("type", self._one(("submit", "submit", "submit", "submit", "cancel", "form")))
        return form

    # Requests

    def _iq(self, kind: str, to: str, *content: Element) -> Element:
        id = self._one(("i1", "i2", "i3", "i4", *ODD))
        return el("iq", CLIENT, {"to": to, "type": kind, "id": id}, *content)

    def _admin(self) -> Element:
        items = []
        for _ in range(self._one((1, 1, 1, 2, 3))):
            by_role = {"nick": self._nick(), "role": self._one(ROLES)}
            by_account = {"jid": self._jid(), "affiliation": self._one(AFFILIATIONS)}
            attributes = self._one((by_role, by_account, by_account))
            reason = el("reason", names.MUC_ADMIN, None, "so")
            items.append(el("item", names.MUC_ADMIN, attributes, *self._perhaps(reason)))
        query = el("query", names.MUC_ADMIN, None, *items)
        return self._iq(self._one(("set", "set", "get")), self._room(), query)

    def _owner(self) -> Element:
        destroy = el("destroy", names.MUC_OWNER, {"jid": self._jid()})
        empty = el("x", DATA_FORMS, {"type": "submit"})
        form = self._form(names.ROOM_CONFIG)
        content = self.random.choices((form, empty, destroy, None), (8, 4, 1, 2))[0]
        kind = "set" if content is not None else "get"
        content_of = [] if content is None else [content]
        return self._iq(kind, self._room(), el("query", names.MUC_OWNER, None, *content_of))

    def _register(self) -> Element:
        content = self._one((self._form(names.REGISTER_FORM), el("remove", names.REGISTER), None))
        query = el("query", names.REGISTER, None, *([] if content is None else [content]))
        return self._iq(self._one(("set", "set", "get")), self._room(), query)

    def _archive(self) -> Element:
        page = el(
            "set", RSM, None, el(self._one(("max", "before", "after")), RSM, None, self._one(ODD))
        )
        query = el("query", MAM, {"queryid": "q"}, *self._perhaps(self._form(MAM), page))
        return self._iq(self._one(("set", "get")), self._room(), query)

    def _asked(self) -> Element:
        moderate = el(
            "moderate", names.MODERATE, {"id": self._one(self.ids)}, el("retract", names.RETRACT)
        )
        what = self._one((
            el("query", f"{DISCO}info", {"node": self._one((None, "x-roomuser-item", *ODD))}),
            el("query", f"{DISCO}items"),
            el("ping", names.PING),
            el("vCard", names.VCARD, None, el("PHOTO", names.VCARD)),
            moderate,
            el("metadata", MAM),
            el("query", "jabber:iq:version"),
            el("query", f"{self._one(NAMESPACES)}"),
        ))  # fmt: skip
        kind = self._one(("get", "get", "set"))
        return self._iq(kind, self._one((self._room(), self._at(), SERVICE)), what)

    def _answer(self) -> Element:
        """An answer that nobody has asked for, or an error."""
        condition = self._one(("gone", "service-unavailable", "item-not-found", "forbidden", "x"))
        failure = el(condition, "urn:ietf:params:xml:ns:xmpp-stanzas")
        error = el("error", CLIENT, {"type": "cancel"}, failure)
        to = self._one((self._room(), self._at(), SERVICE))
        name = self._one(("iq", "message", "presence"))
        kind = self._one(("error", "error", "result")) if name == "iq" else "error"
        content = [error] if kind == "error" else []
        return el(name, CLIENT, {"to": to, "type": kind, "id": self._one(("m1", "i1"))}, *content)


def _form_of(*fields: Element, kind: str = names.ROOM_CONFIG) -> Element:
    """A submitted form with those fields."""
    said = el("field", DATA_FORMS, {"var": "FORM_TYPE"}, el("value", DATA_FORMS, None, kind))
    return el("x", DATA_FORMS, {"type": "submit"}, said, *fields)


def written(stanza: Element) -> str:
    """A stanza as XML."""
    return ElementTree.tostring(stanza, encoding="unicode")
