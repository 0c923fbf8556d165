"""XEP-0004 and XEP-0068."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.protocol.elements import parsed
from xmppd.protocol.forms import Field, FieldType, FieldValue, Form, FormError, FormType, Option
from xmppd.protocol.jid import Jid

DATA = "jabber:x:data"
BOT = "urn:example:bot"
OPTIONS = (Option("news", "News"), Option("search"), Option("polls"))


def form_of(children: str, type: str = "form") -> Form:
    return Form.parse(parsed(f"<x xmlns='{DATA}' type='{type}'>{children}</x>"))


def submission(**answers: FieldValue | int) -> Form:
    fields = tuple(Field(var, None, value) for var, value in answers.items())
    return Form(FormType.SUBMIT, fields)


QUESTIONS = Form.of(
    FormType.FORM,
    BOT,
    Field("name", FieldType.TEXT_SINGLE, required=True),
    Field(type=FieldType.FIXED, values="Section 2"),
    Field("about", FieldType.TEXT_MULTI),
    Field("public", FieldType.BOOLEAN, True),
    Field("secret", FieldType.TEXT_PRIVATE),
    Field("features", FieldType.LIST_MULTI, options=OPTIONS),
    Field("main", FieldType.LIST_SINGLE, options=OPTIONS),
    Field("owner", FieldType.JID_SINGLE),
    Field("invited", FieldType.JID_MULTI),
    Field("token", FieldType.HIDDEN, "t"),
    Field("nickname"),
)


class Reading(SynchronousTestCase):
    def test_everything_a_form_may_have(self) -> None:
        form = form_of(
            "<title>Bot</title><instructions>Fill in</instructions><instructions>now</instructions>"
            f"<field type='hidden' var='FORM_TYPE'><value>{BOT}</value></field>"
            "<field type='list-multi' var='f' label='Features'><desc>Which?</desc><required/>"
            "<value>news</value><value>search</value>"
            "<option label='News'><value>news</value></option>"
            "<option><value>search</value></option></field>"
        )
        self.assertEqual(
            form,
            Form(
                FormType.FORM,
                (
                    Field("FORM_TYPE", FieldType.HIDDEN, BOT),
                    Field(
                        "f",
                        FieldType.LIST_MULTI,
                        ("news", "search"),
                        label="Features",
                        description="Which?",
                        options=(Option("news", "News"), Option("search")),
                        required=True,
                    ),
                ),
                title="Bot",
                instructions=("Fill in", "now"),
            ),
        )

    def test_table_of_results(self) -> None:
        form = form_of(
            "<item><field var='a'><value>1</value></field></item>"
            "<reported><field var='a' label='A' type='text-single'/></reported>"
            "<item><field var='a'><value/></field></item>",
            "result",
        )
        self.assertEqual(form.reported, (Field("a", FieldType.TEXT_SINGLE, label="A"),))
        self.assertEqual(form.items, ((Field("a", None, "1"),), (Field("a", None, ("",)),)))
        self.assertEqual(form.fields, ())

    def test_unknown_field_type_is_text_single(self) -> None:
        form = form_of("<field var='a' type='colour'><value>red</value></field>")
        self.assertEqual(form.fields, (Field("a", FieldType.TEXT_SINGLE, "red"),))

    def test_foreign_elements_are_skipped(self) -> None:
        form = form_of(
            "<field var='a'><media xmlns='urn:xmpp:media-element'/><value>1</value>"
            "<value xmlns='urn:x'>2</value></field><field xmlns='urn:x' var='b'/>"
        )
        self.assertEqual(form.fields, (Field("a", None, "1"),))

    def test_refused(self) -> None:
        for xml in [
            "<x xmlns='urn:x' type='form'/>",
            f"<y xmlns='{DATA}' type='form'/>",
            f"<x xmlns='{DATA}'/>",
            f"<x xmlns='{DATA}' type='FORM'/>",
            f"<x xmlns='{DATA}' type='error'/>",
        ]:
            self.assertRaises(FormError, Form.parse, parsed(xml))

    def test_field(self) -> None:
        self.assertEqual(QUESTIONS.field("token"), Field("token", FieldType.HIDDEN, "t"))
        self.assertIsNone(QUESTIONS.field("nobody"))


class FormTypeField(SynchronousTestCase):
    def test_hidden(self) -> None:
        self.assertEqual(QUESTIONS.form_type, BOT)

    def test_counts_in_a_form_or_result_only_if_hidden(self) -> None:
        field = f"<field var='FORM_TYPE' type='text-single'><value>{BOT}</value></field>"
        self.assertEqual(form_of(field, "form").form_type, "")
        self.assertEqual(form_of(field, "result").form_type, "")
        self.assertEqual(form_of(field, "submit").form_type, BOT)

    def test_absent(self) -> None:
        self.assertEqual(form_of("").form_type, "")
        self.assertEqual(form_of("<field var='FORM_TYPE' type='hidden'/>").form_type, "")


class Writing(SynchronousTestCase):
    def test_escapes(self) -> None:
        field = Field("a'<&", None, "]]>", label="<'\n>", description="&")
        self.assertEqual(
            Form(FormType.RESULT, (field,)).to_xml(),
            b"<x xmlns='jabber:x:data' type='result'><field var='a&apos;&lt;&amp;'"
            b" label='&lt;&apos;&#10;>'><desc>&amp;</desc><value>]]&gt;</value></field></x>",
        )

    def test_values_of_all_kinds(self) -> None:
        for value, texts in [
            (None, ()),
            (True, ("1",)),
            (False, ("0",)),
            (17, ("17",)),
            ("", ("",)),
            ("text", ("text",)),
            (Jid("a@b"), ("a@b",)),
            (("a", "b"), ("a", "b")),
            ((Jid("a@b"),), ("a@b",)),
        ]:
            self.assertEqual(Field("a", None, value).values, texts)

    texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=5)
    fields = st.builds(
        Field,
        var=texts,
        type=st.none() | st.sampled_from(FieldType),
        values=st.lists(texts, max_size=3).map(tuple),
        label=texts,
        description=texts,
        options=st.lists(st.builds(Option, texts, texts), max_size=2).map(tuple),
        required=st.booleans(),
    )
    rows = st.lists(fields, max_size=2).map(tuple)
    forms = st.builds(
        Form,
        type=st.sampled_from(FormType),
        fields=rows,
        title=texts,
        instructions=st.lists(texts, max_size=2).map(tuple),
        reported=rows,
        items=st.lists(rows, max_size=2).map(tuple),
    )

    @settings(deadline=None, max_examples=100)
    @given(forms)
    def test_reads_back(self, form: Form) -> None:
        self.assertEqual(Form.parse(parsed(form.to_xml())), form)


class Submitting(SynchronousTestCase):
    def test_values_by_type(self) -> None:
        answers = submission(
            name="Joogle",
            about=("a", "b"),
            public="false",
            secret="s",
            features=("news", "polls", "news"),
            main="search",
            owner="Romeo@Example.net",
            invited=("a@b", "A@b", "", "c"),
            token="t",
            nickname="joe",
        )
        self.assertEqual(
            QUESTIONS.validate(answers),
            {
                "name": "Joogle",
                "about": ("a", "b"),
                "public": False,
                "secret": "s",
                "features": ("news", "polls"),
                "main": "search",
                "owner": Jid("romeo@example.net"),
                "invited": (Jid("a@b"), Jid("c")),
                "token": "t",
                "nickname": "joe",
            },
        )

    def test_booleans(self) -> None:
        for text, value in [("0", False), ("1", True), ("false", False), ("true", True)]:
            answer = submission(name="x", public=text)
            self.assertIs(QUESTIONS.validate(answer)["public"], value)

    def test_what_is_left_out_is_left_out(self) -> None:
        self.assertEqual(QUESTIONS.validate(submission(name="x")), {"name": "x"})

    def test_emptied_fields(self) -> None:
        for empty in (None, ""):
            answers = submission(
                name="x", public=empty, main=empty, owner=empty, invited=empty, features=empty
            )
            self.assertEqual(
                QUESTIONS.validate(answers),
                {
                    "name": "x",
                    "public": False,
                    "main": None,
                    "owner": None,
                    "invited": (),
                    "features": (),
                },
            )

    def test_unknown_fields_are_ignored(self) -> None:
        self.assertEqual(QUESTIONS.validate(submission(name="x", colour="red")), {"name": "x"})

    def test_same_form_type(self) -> None:
        answer = Form.of(FormType.SUBMIT, BOT, Field("name", None, "x"))
        self.assertEqual(QUESTIONS.validate(answer), {"name": "x"})

    def test_refused(self) -> None:
        for answer in [
            Form(FormType.CANCEL),
            Form(FormType.FORM, (Field("name", None, "x"),)),
            Form.of(FormType.SUBMIT, "urn:example:other", Field("name", None, "x")),
            Form(FormType.SUBMIT, (Field("name", None, "x"), Field("name", None, "y"))),
            submission(),
            submission(name=None),
            submission(name=""),
            submission(name=("x", "y")),
            submission(name="x", public="yes"),
            submission(name="x", public=("1", "1")),
            submission(name="x", main="other"),
            submission(name="x", main=("news", "search")),
            submission(name="x", features=("news", "other")),
            submission(name="x", owner="@b"),
            submission(name="x", owner=("a", "b")),
            submission(name="x", invited=("a@b", "a@")),
        ]:
            with self.subTest(answer=answer):
                self.assertRaises(FormError, QUESTIONS.validate, answer)

    def test_value_of_a_field(self) -> None:
        self.assertIs(Field("a", FieldType.BOOLEAN, "1").value, True)
        self.assertEqual(Field("a", None, "1").value, "1")
        self.assertRaises(FormError, lambda: Field("a", FieldType.BOOLEAN, "x").value)

    @settings(deadline=None, max_examples=100)
    @given(Writing.forms)
    def test_never_anything_but_form_error(self, form: Form) -> None:
        answer = Form(FormType.SUBMIT, form.fields)
        try:
            form.validate(answer)
        except FormError:
            return
