"""Commands of `xmppctl`, made from the verbs."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from xmppd.app.config_key import ConfigError
from xmppd.app.ctl.control import Control
from xmppd.app.ctl.verb import Parameter, Refused, Verb
from xmppd.app.logs import escaped
from xmppd.storage.interfaces import StorageError

F = TypeVar("F", bound=Callable[..., Any])

GROUPS = {
    "check": "Look for what is wrong; exit with 1 if anything is.",
    "link": "The links of the router.",
    "motd": "The message of the day.",
    "muc": "See to rooms.",
    "muc config": "What rooms are like.",
    "report": "Reports of spam and abuse.",
    "route": "The routes of the router.",
    "s2s": "Streams with other servers.",
    "watch": "Look on.",
}
"""What the commands are for that begin with the same words."""


class Commands(click.Group):
    """Tells what is refused in one line, with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Refused, ConfigError, StorageError) as problem:
            raise click.ClickException(escaped(str(problem))) from None


def _json_wanted(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        context.ensure_object(Control).as_json = True


with_json = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_json_wanted,
    help="Print the result as JSON.",
)


def add_command(main: click.Group, name: str, help: str) -> Callable[[F], click.Command]:
    """Decorate the function of a command; the words of its name lead through groups."""

    def made(function: F) -> click.Command:
        *path, last = name.split(" ")
        group = main
        for place in range(len(path)):
            group = _group(group, " ".join(path[: place + 1]), path[place])
        return group.command(last, help=help)(with_json(click.pass_obj(function)))

    return made


def _group(within: click.Group, path: str, name: str) -> click.Group:
    found = within.commands.get(name)
    if not isinstance(found, click.Group):
        found = Commands(name, help=GROUPS[path])
        within.add_command(found)
    return found


def add_verb(main: click.Group, verb: Verb) -> None:
    """Make the command of a verb: what it takes are arguments, and options where it has flags."""

    def run(control: Control, **given: Any) -> None:
        control.show(verb.name, control.do(verb.name, **given))

    for parameter in reversed(verb.parameters):
        run = _taking(parameter)(run)
    add_command(main, verb.command, verb.doc)(run)


def _taking(parameter: Parameter) -> Callable[[F], F]:
    type = click.Choice(parameter.choices) if parameter.choices else _TYPES.get(parameter.kind)
    if not parameter.flag:
        return click.argument(
            parameter.name, type=type, required=parameter.required, metavar=parameter.metavar
        )
    return click.option(
        parameter.flag, parameter.name, type=type, metavar=parameter.metavar, help=parameter.doc
    )


_TYPES = {"number": int}
