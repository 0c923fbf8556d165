from twisted.trial.unittest import SynchronousTestCase

from xmppd.component.extension import HOST, INLINE, OWN_ACCOUNT, Extension, IqRule, iq, on
from xmppd.component.stages import Life, Sent


class Example(Extension):
    """Declares without doing."""

    def setup(self) -> None:
        self.ready = (self.host, self.options)

    @iq("get", "u", "a", to=HOST | OWN_ACCOUNT)
    @iq("set", "u", "a", to=HOST)
    @on(Sent.CHECK, "iq")
    def all_of_it(self) -> None:
        pass


class ExtensionTests(SynchronousTestCase):
    def test_rules(self) -> None:
        """A method may handle several iqs and be a hook as well."""
        method = vars(Example)["all_of_it"]
        self.assertEqual(
            set(method._iq_rules),
            {
                IqRule("get", "u", "a", HOST | OWN_ACCOUNT, INLINE),
                IqRule("set", "u", "a", HOST, INLINE),
            },
        )
        (rule,) = method._hook_rules
        self.assertEqual((rule.stage, rule.kind), (Sent.CHECK, "iq"))

    def test_conditions(self) -> None:
        """Of stanzas: moments of a session have none."""

        @on(Sent.NOTE, None, ("u", "a"), ("u", "b"), noted=str)
        def hook() -> None:
            pass

        (rule,) = vars(hook)["_hook_rules"]
        self.assertEqual((rule.having, rule.noted), ((("u", "a"), ("u", "b")), str))
        self.assertRaises(TypeError, on, Life.OPENED, None, ("u", "a"))
        self.assertRaises(TypeError, on, Life.OPENED, noted=str)

    def test_life(self) -> None:
        made = Example("host", "options")
        self.assertEqual(made.ready, ("host", "options"))
        made.reload("others")
        self.assertEqual(made.options, "others")
        made.stop()

    def test_title(self) -> None:
        """The name of the module, unless the class says another."""
        self.assertEqual(Example.title(), "test_extension")

        class Other(Example):
            name = "other"

        self.assertEqual(Other.title(), "other")
