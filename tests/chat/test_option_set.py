"""Options put together."""

from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import HERE, OPTIONS, OWNER, room_with
from xmppd.chat.commands import Enter, Leave, Rename
from xmppd.chat.events import Said
from xmppd.chat.option import Field, Option, check, mark, note
from xmppd.chat.option_set import OptionSet
from xmppd.chat.options import core
from xmppd.chat.options.builtin import BUILTIN
from xmppd.chat.options.core import CORE


class Loud(Option):
    """Hooks of every kind, one for two commands."""

    fields = (Field("loud", bool, False, "Loud"),)

    @mark(Enter)
    def first(self, room: Any, command: Any) -> Any:
        return command

    @check(Enter, Rename)
    def second(self, room: Any, command: Any) -> None:
        pass


class OptionSetTest(SynchronousTestCase):
    def test_hooks(self) -> None:
        options = OptionSet([Loud])
        [loud] = options.options
        self.assertEqual(options.marks, {Enter: (loud.first,)})  # type: ignore[attr-defined]
        self.assertEqual(options.checks.keys(), {Enter, Rename})
        self.assertEqual(options.notes, {})

    def test_who_is_asked_when_something_is_due(self) -> None:
        """Of many rooms often: only those that say something."""
        self.assertEqual([each.title() for each in OPTIONS.wakers], ["lock"])

    def test_what_no_option_takes_is_as_by_default(self) -> None:
        """As when an option is another by now, or gone; what is stored stays as it is."""
        stored = {"history": "many", "gone": 1, "hidden": True}
        config = OPTIONS.config(stored)
        self.assertEqual((config["history"], config["hidden"], "gone" in config), (20, True, False))
        room = room_with(**stored)
        room.handle(Enter(OWNER, "owner", HERE))
        self.assertEqual(room.saved.config, stored)

    def test_defaults(self) -> None:
        self.assertIs(OptionSet([Loud], {"loud": True}).config({})["loud"], True)
        for wrong in {"loud": 1}, {"low": True}:
            self.assertRaises(ValueError, OptionSet, [Loud], wrong)

    def test_hooks_that_would_never_be_asked(self) -> None:
        """Who is gone is gone, and of what is said no option is told."""

        class Holding(Option):
            @check(Leave)
            def hold(self, room: Any, command: Any) -> None:
                pass

        class Curious(Option):
            @note(Said)
            def hear(self, room: Any, event: Any, out: Any) -> None:
                pass

        for option in Holding, Curious:
            self.assertRaises(ValueError, OptionSet, [option])

    def test_names(self) -> None:
        """Each is called by its file, and is the only one in it."""
        titles = [option.title() for option in (*CORE, *BUILTIN)]
        self.assertEqual(len(set(titles)), len(titles))
        for option in (*CORE, *BUILTIN):
            self.assertEqual(option.__module__, f"xmppd.chat.options.{option.title()}")
            self.assertEqual(option.__name__.lower(), option.title().replace("_", ""))

    def test_every_file_is_listed(self) -> None:
        listed = {option.title() for option in (*CORE, *BUILTIN)}
        files = {path.stem for path in Path(core.__file__).parent.glob("*.py")}
        self.assertEqual(listed, files - {"__init__", "core", "builtin"})
