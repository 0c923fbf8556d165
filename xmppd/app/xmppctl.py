"""`xmppctl`: administration from the command line."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from xmppd.app.admin import INSTANCE, socket_path
from xmppd.app.config import load
from xmppd.app.config_model import Config, ConfigError
from xmppd.app.ctl_client import NotRunning, ask
from xmppd.app.ctl_direct import act_as_owner, carry_out
from xmppd.app.ctl_init import begin
from xmppd.app.ctl_input import read_accounts, read_password
from xmppd.app.ctl_text import readable
from xmppd.app.ctl_verb import Refused, Verb
from xmppd.app.logs import escaped
from xmppd.app.verbs import VERBS
from xmppd.storage.interfaces import StorageError

F = TypeVar("F", bound=Callable[..., Any])
Do = Callable[[Verb, dict[str, Any]], Any]

BATCH = 200
"""Accounts that are sent at a time."""


class Control:
    """What all commands share: where the server is, and how to talk to it and to people."""

    def __init__(self, do: Do | None = None) -> None:
        self.file: Path | None = None
        self.data: Path | None = None
        self.domains: tuple[str, ...] = ()
        self.instance = INSTANCE
        self.as_json = False
        self._do = do or self._do_somewhere

    @cached_property
    def config(self) -> Config:
        """The configuration. Raises ConfigError."""
        data = None if self.data is None else str(self.data)
        return load(self.file, environ=os.environ, domains=self.domains, data=data)

    def do(self, name: str, **args: Any) -> Any:
        """Carry out a verb, leaving out what was not given. Raises `Refused`, ConfigError."""
        return self._do(VERBS[name], {key: arg for key, arg in args.items() if arg is not None})

    def show(self, name: str, result: Any) -> None:
        """Print what a verb gave."""
        text = json.dumps(result) if self.as_json else readable(name, result)
        if text:
            click.echo(text)

    def _do_somewhere(self, verb: Verb, args: dict[str, Any]) -> Any:
        """In the running server; where none runs, here."""
        act_as_owner(self.config)
        try:
            return ask(socket_path(self.config, self.instance), verb, args)
        except NotRunning:
            return carry_out(self.config, verb, args)

    def do_here(self, name: str) -> Any:
        """Carry out a verb in this process."""
        act_as_owner(self.config)
        return carry_out(self.config, VERBS[name], {})


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


_with_json = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_json_wanted,
    help="Print the result as JSON.",
)


def _command(group: click.Group, name: str, help: str) -> Callable[[F], click.Command]:
    def made(function: F) -> click.Command:
        return group.command(name, help=help)(_with_json(click.pass_obj(function)))

    return made


def _verb(name: str) -> Callable[[F], click.Command]:
    """Make the command of a verb that has its name and its description."""
    return _command(main, name, VERBS[name].doc)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "-f", "file", type=click.Path(path_type=Path), help="Configuration file.")
@click.option("--data", "-d", type=click.Path(path_type=Path), help="Data directory.")
@click.option("--domain", "domains", multiple=True, help="Domain served (repeatable).")
@click.option("--instance", default=INSTANCE, show_default=True, help="Which process to talk to.")
@_with_json
@click.pass_context
def main(
    context: click.Context,
    file: Path | None,
    data: Path | None,
    domains: tuple[str, ...],
    instance: str,
) -> None:
    """Administer an XMPP server, whether it runs or not."""
    control = context.ensure_object(Control)
    control.file, control.data = file, data
    control.domains, control.instance = domains, instance


@_command(main, "init", "Write a configuration file and make the data directory.")
@click.argument("domains", nargs=-1)
def init(control: Control, domains: tuple[str, ...]) -> None:
    file = control.file or Path("xmppd.toml")
    data = control.data or file.absolute().parent / "data"
    control.show("init", begin(file, data, domains or control.domains or ("localhost",)))


_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of stdin."
)


@_verb("adduser")
@click.argument("jid", required=False)
@click.option(
    "--batch",
    type=click.File(encoding="utf-8"),
    help="Add the accounts of a file with lines of JID and password.",
)
@_from_stdin
def adduser(control: Control, jid: str | None, batch: Any, password_stdin: bool) -> None:
    if (jid is None) == (batch is None):
        raise click.UsageError("Give either a JID or --batch FILE.")
    if jid is not None:
        password = read_password(password_stdin)
        control.show("adduser", control.do("adduser", jid=jid, password=password))
    else:
        _add_all(control, read_accounts(batch))


@_verb("passwd")
@click.argument("jid")
@_from_stdin
def passwd(control: Control, jid: str, password_stdin: bool) -> None:
    password = read_password(password_stdin)
    control.show("passwd", control.do("passwd", jid=jid, password=password))


@_verb("deluser")
@click.argument("jid")
def deluser(control: Control, jid: str) -> None:
    control.show("deluser", control.do("deluser", jid=jid))


@_verb("users")
@click.argument("domain", required=False)
def users(control: Control, domain: str | None) -> None:
    control.show("users", control.do("users", domain=domain))


@_verb("sessions")
@click.argument("jid", required=False, metavar="[DOMAIN|JID]")
def sessions(control: Control, jid: str | None) -> None:
    control.show("sessions", control.do("sessions", jid=jid))


@_verb("kick")
@click.argument("jid")
def kick(control: Control, jid: str) -> None:
    control.show("kick", control.do("kick", jid=jid))


@_verb("status")
def status(control: Control) -> None:
    control.show("status", control.do("status"))


@_verb("reload")
def reload(control: Control) -> None:
    control.show("reload", control.do("reload"))


@_verb("backup")
@click.argument("file", type=click.Path())
def backup(control: Control, file: str) -> None:
    control.show("backup", control.do("backup", file=os.path.abspath(file)))


@main.group(cls=Commands, help="See to rooms.")
def muc() -> None:
    """The commands below do it."""


@_command(muc, "list", VERBS["muc_list"].doc)
def muc_list(control: Control) -> None:
    control.show("muc_list", control.do("muc_list"))


@_command(muc, "create", VERBS["muc_create"].doc)
@click.argument("room")
@click.argument("owner")
def muc_create(control: Control, room: str, owner: str) -> None:
    control.show("muc_create", control.do("muc_create", room=room, owner=owner))


@_command(muc, "destroy", VERBS["muc_destroy"].doc)
@click.argument("room")
def muc_destroy(control: Control, room: str) -> None:
    control.show("muc_destroy", control.do("muc_destroy", room=room))


@_command(muc, "affiliation", VERBS["muc_affiliation"].doc)
@click.argument("room")
@click.argument("jid")
@click.argument("affiliation", required=False)
def muc_affiliation(control: Control, room: str, jid: str, affiliation: str | None) -> None:
    result = control.do("muc_affiliation", room=room, jid=jid, affiliation=affiliation)
    control.show("muc_affiliation", result)


@main.group(cls=Commands, help="Look for what is wrong; exit with 1 if anything is.")
def check() -> None:
    """The commands below do it."""


@_command(check, "config", VERBS["check_config"].doc)
def check_config(control: Control) -> None:
    _tell(control, "check_config", control.do_here("check_config"))


@_command(check, "certs", VERBS["check_certs"].doc)
def check_certs(control: Control) -> None:
    _tell(control, "check_certs", control.do("check_certs"))


def _tell(control: Control, name: str, result: dict[str, Any]) -> None:
    control.show(name, result)
    _complain(result["problems"])


def _complain(problems: Iterable[str]) -> None:
    """Print problems to stderr; if there are any, end with exit code 1."""
    lines = list(problems)
    for line in lines:
        click.echo(escaped(line), err=True)
    if lines:
        raise click.exceptions.Exit(1)


def _add_all(control: Control, entries: Sequence[tuple[int, str, str]]) -> None:
    """Add accounts, a batch at a time; those refused are told by their line."""
    added = 0
    refused: list[dict[str, Any]] = []
    for start in range(0, len(entries), BATCH):
        part = entries[start : start + BATCH]
        pairs = [(jid, password) for _, jid, password in part]
        result = control.do("adduser_batch", accounts=pairs)
        added += result["added"]
        for each in result["refused"]:
            line = part[each["number"] - 1][0]
            refused.append({"line": line, "jid": each["jid"], "error": each["error"]})
    control.show("adduser_batch", {"added": added, "refused": refused})
    _complain(f"line {each['line']}: {each['error']}" for each in refused)


if __name__ == "__main__":
    main()
