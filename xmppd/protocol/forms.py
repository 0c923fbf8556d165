"""Data forms: reading, writing and checking them (XEP-0004, XEP-0068)."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Self, TypeAlias

from attrs import field, frozen
from twisted.words.xish.domish import Element

from xmppd.protocol import namespaces
from xmppd.protocol.jid import InvalidJid, Jid
from xmppd.protocol.markup import element as markup

FORM_TYPE = "FORM_TYPE"
"""The field that says which form this is (XEP-0068)."""

FieldValue: TypeAlias = bool | str | Jid | tuple[str, ...] | tuple[Jid, ...] | None
"""A value by the type of its field: boolean; text and hidden; jid-single; text-multi (its lines)
and list-multi; jid-multi. None where a jid-single or list-single field was left empty."""


class FormError(ValueError):
    """A form is malformed, or a submission does not answer its form.

    The message says why in one line. To be answered with not-acceptable (XEP-0004, 4), or with
    bad-request where the form could not even be read.
    """


class FormType(StrEnum):
    """What a form is for (XEP-0004, 3.1)."""

    FORM = "form"
    SUBMIT = "submit"
    CANCEL = "cancel"
    RESULT = "result"


class FieldType(StrEnum):
    """What a field holds (XEP-0004, 3.3)."""

    BOOLEAN = "boolean"
    FIXED = "fixed"
    HIDDEN = "hidden"
    JID_MULTI = "jid-multi"
    JID_SINGLE = "jid-single"
    LIST_MULTI = "list-multi"
    LIST_SINGLE = "list-single"
    TEXT_MULTI = "text-multi"
    TEXT_PRIVATE = "text-private"
    TEXT_SINGLE = "text-single"


def _lexical(value: FieldValue | int) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("1" if value else "0",)
    if isinstance(value, str | int):
        return (str(value),)
    return tuple(map(str, value))


@frozen
class Option:
    """A choice of a list field; `label` is for people."""

    value: str
    label: str = ""


@frozen
class Field:
    """A field of a form.

    `type` is None where the form does not say; a form to fill in then means text-single. `values`
    takes any `FieldValue` or a number and holds the texts of the `<value/>` elements.
    """

    var: str = ""
    type: FieldType | None = None
    values: tuple[str, ...] = field(default=(), converter=_lexical)
    label: str = ""
    description: str = ""
    options: tuple[Option, ...] = ()
    required: bool = False

    def read(self, values: tuple[str, ...]) -> FieldValue:
        """What these texts mean in a field of this type.

        Raises `FormError` if they are too many, no such value, or none of the options.
        """
        kind = self.type or FieldType.TEXT_SINGLE
        if kind in _READ_MULTIPLE:
            return _READ_MULTIPLE[kind](self, values)
        if len(values) > 1:
            raise FormError(f"{self.var} takes one value")
        return _READ_SINGLE[kind](self, "".join(values))

    @property
    def value(self) -> FieldValue:
        """The field's own value by its type. Raises `FormError` like `read`."""
        return self.read(self.values)

    def to_xml(self) -> bytes:
        """Write the `<field/>` element, for use within a form."""
        attributes = {"var": self.var or None, "type": self.type, "label": self.label or None}
        content = [markup("desc", None, None, self.description)] if self.description else []
        if self.required:
            content.append(b"<required/>")
        content += [markup("value", None, None, value) for value in self.values]
        content += [
            markup(
                "option",
                None,
                {"label": option.label or None},
                markup("value", None, None, option.value),
            )
            for option in self.options
        ]
        return markup("field", None, attributes, *content)


@frozen
class Form:
    """A data form; `reported` and `items` are the head and the rows of a table of results."""

    type: FormType
    fields: tuple[Field, ...] = ()
    title: str = ""
    instructions: tuple[str, ...] = ()
    reported: tuple[Field, ...] = ()
    items: tuple[tuple[Field, ...], ...] = ()

    @classmethod
    def of(cls, type: FormType, form_type: str, *fields: Field, title: str = "") -> Self:
        """A form whose FORM_TYPE is `form_type`."""
        marker = Field(FORM_TYPE, FieldType.HIDDEN, form_type)
        return cls(type, (marker, *fields), title)

    @classmethod
    def parse(cls, element: Element) -> Self:
        """Read an `<x/>` element; what XEP-0004 does not define in it is skipped.

        Raises `FormError` for another element and for a type that is no `FormType`.
        """
        if (element.uri, element.name) != (namespaces.DATA_FORMS, "x"):
            raise FormError("not a data form")
        if element.getAttribute("type") not in set(FormType):
            raise FormError("a data form without a valid type")
        return cls(
            type=FormType(element.getAttribute("type")),
            fields=_fields(element),
            title=_child_text(element, "title"),
            instructions=tuple(map(_text, _children(element, "instructions"))),
            reported=next(map(_fields, _children(element, "reported")), ()),
            items=tuple(map(_fields, _children(element, "item"))),
        )

    def to_xml(self) -> bytes:
        """Write the `<x/>` element."""
        content = [markup("title", None, None, self.title)] if self.title else []
        content += [markup("instructions", None, None, text) for text in self.instructions]
        content += [field.to_xml() for field in self.fields]
        if self.reported:
            content.append(_row("reported", self.reported))
        content += [_row("item", item) for item in self.items]
        return markup("x", namespaces.DATA_FORMS, {"type": self.type}, *content)

    def field(self, var: str) -> Field | None:
        """The field of this name, if there is one."""
        return next((field for field in self.fields if field.var == var), None)

    @property
    def form_type(self) -> str:
        """The FORM_TYPE, or "".

        In a form or a result it counts only when it is a hidden field (XEP-0068, 4.3).
        """
        field = self.field(FORM_TYPE)
        if field is None or not field.values:
            return ""
        told = self.type is FormType.SUBMIT or field.type is FieldType.HIDDEN
        return field.values[0] if told else ""

    def validate(self, submission: "Form") -> dict[str, FieldValue]:
        """Check a submission of this form: the values it gives, by name.

        Fields this form does not have are ignored; fields the submission leaves out are left out
        of the answer too, since they keep what value they have (XEP-0004, 3.5). Raises
        `FormError` if it is no submission or that of another form, if it gives a field twice, if
        a required field is missing or empty, or if a value does not fit its field.
        """
        if submission.type is not FormType.SUBMIT:
            raise FormError("the form was not submitted")
        if submission.form_type not in ("", self.form_type):
            raise FormError("the FORM_TYPE is that of another form")
        asked = [field for field in self.fields if field.type is not FieldType.FIXED]
        return {
            field.var: field.read(answer)
            for field in asked
            if field.var != FORM_TYPE and (answer := _answer(field, submission)) is not None
        }


def _answer(field: Field, submission: Form) -> tuple[str, ...] | None:
    given = [answer.values for answer in submission.fields if answer.var == field.var]
    if len(given) > 1:
        raise FormError(f"{field.var} is given twice")
    if field.required and not any(map(any, given)):
        raise FormError(f"{field.var} is required")
    return given[0] if given else None


def _row(name: str, fields: tuple[Field, ...]) -> bytes:
    return markup(name, None, None, *[field.to_xml() for field in fields])


def _children(element: Element, name: str) -> Iterator[Element]:
    return element.elements(namespaces.DATA_FORMS, name)  # type: ignore[no-any-return]


def _text(element: Element) -> str:
    return "".join(part for part in element.children if isinstance(part, str))


def _child_text(element: Element, name: str) -> str:
    return next(map(_text, _children(element, name)), "")


def _fields(element: Element) -> tuple[Field, ...]:
    return tuple(map(_field, _children(element, "field")))


def _field(element: Element) -> Field:
    return Field(
        var=element.getAttribute("var", ""),
        type=_field_type(element.getAttribute("type")),
        values=tuple(map(_text, _children(element, "value"))),
        label=element.getAttribute("label", ""),
        description=_child_text(element, "desc"),
        options=tuple(map(_option, _children(element, "option"))),
        required=any(_children(element, "required")),
    )


def _field_type(text: str | None) -> FieldType | None:
    if text is None:
        return None
    return FieldType(text) if text in set(FieldType) else FieldType.TEXT_SINGLE


def _option(element: Element) -> Option:
    return Option(_child_text(element, "value"), element.getAttribute("label", ""))


def _read_boolean(field: Field, text: str) -> bool:
    if text.strip() not in ("", "0", "1", "false", "true"):
        raise FormError(f"{field.var} is neither true nor false")
    return text.strip() in ("1", "true")


def _read_jid(field: Field, text: str) -> Jid:
    try:
        return Jid.parse(text)
    except InvalidJid as error:
        raise FormError(f"{field.var} is not a JID: {error}") from None


def _read_jid_single(field: Field, text: str) -> Jid | None:
    return _read_jid(field, text) if text else None


def _read_jid_multi(field: Field, texts: tuple[str, ...]) -> tuple[Jid, ...]:
    return tuple(dict.fromkeys(_read_jid(field, text) for text in texts if text))


def _read_list_single(field: Field, text: str) -> str | None:
    return next(iter(_read_list_multi(field, (text,))), None)


def _read_list_multi(field: Field, texts: tuple[str, ...]) -> tuple[str, ...]:
    offered = {option.value for option in field.options}
    chosen = tuple(dict.fromkeys(text for text in texts if text or text in offered))
    if not offered.issuperset(chosen):
        raise FormError(f"{field.var} has none of its options")
    return chosen


def _read_text(field: Field, text: str) -> str:
    return text


def _read_lines(field: Field, texts: tuple[str, ...]) -> tuple[str, ...]:
    return texts


_READ_SINGLE: dict[FieldType, Callable[[Field, str], FieldValue]] = {
    FieldType.BOOLEAN: _read_boolean,
    FieldType.FIXED: _read_text,
    FieldType.HIDDEN: _read_text,
    FieldType.JID_SINGLE: _read_jid_single,
    FieldType.LIST_SINGLE: _read_list_single,
    FieldType.TEXT_PRIVATE: _read_text,
    FieldType.TEXT_SINGLE: _read_text,
}
_READ_MULTIPLE: dict[FieldType, Callable[[Field, tuple[str, ...]], FieldValue]] = {
    FieldType.JID_MULTI: _read_jid_multi,
    FieldType.LIST_MULTI: _read_list_multi,
    FieldType.TEXT_MULTI: _read_lines,
}
