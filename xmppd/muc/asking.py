"""Forms in which somebody asks for something: to register, to have voice (XEP-0045, 15.5)."""

from twisted.words.xish.domish import Element

from xmppd.muc import names
from xmppd.protocol.errors import StanzaError
from xmppd.protocol.forms import Field, FieldType, Form, FormError, FormType, Option
from xmppd.protocol.namespaces import DATA_FORMS
from xmppd.protocol.stanza import Stanza

_TEXT, _BOOLEAN, _LIST = FieldType.TEXT_SINGLE, FieldType.BOOLEAN, FieldType.LIST_SINGLE


def form_or(request: Stanza, word: str) -> Form | Element:
    """What a request asks for: the form in it, or the element of that name.

    Raises `StanzaError` where there is neither.
    """
    query = request.payload()
    assert query is not None
    children: list[Element] = list(query.elements())
    for child in children:
        if child.name == word:
            return child
        if (child.uri, child.name) == (DATA_FORMS, "x"):
            try:
                return Form.parse(child)
            except FormError as problem:
                raise StanzaError("bad-request", str(problem)) from None
    raise StanzaError("bad-request")


def register_form() -> Form:
    """What somebody who registers is asked (XEP-0045, 7.10)."""
    nick = Field("muc#register_roomnick", _TEXT, (), "Nickname", required=True)
    return Form.of(FormType.FORM, names.REGISTER_FORM, nick, title="Registration")


def voice_request(role: str, jid: str, nick: str) -> Form:
    """Ask a moderator to give voice (XEP-0045, 8.6)."""
    return Form.of(
        FormType.FORM,
        names.REQUEST,
        Field("muc#role", _LIST, role, "Requested role", options=(Option(role),)),
        Field("muc#jid", FieldType.JID_SINGLE, jid, "User"),
        Field("muc#roomnick", _TEXT, nick, "Nickname"),
        Field("muc#request_allow", _BOOLEAN, False, "Grant voice?"),
        title="Voice request",
    )


def registration_request(account: str, nick: str) -> Form:
    """Ask an admin to make a member (XEP-0045, 9.9)."""
    return Form.of(
        FormType.FORM,
        names.REGISTER_FORM,
        Field("muc#register_jid", FieldType.JID_SINGLE, account, "User"),
        Field("muc#register_roomnick", _TEXT, nick, "Desired nickname"),
        Field("muc#register_allow", _BOOLEAN, False, "Allow this person to register?"),
        title="Registration request",
    )
