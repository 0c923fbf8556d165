"""`xmppctl`: administration from the command line."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import click

from xmppd.app.admin import INSTANCE, socket_path
from xmppd.app.config import load
from xmppd.app.config_key import ConfigError
from xmppd.app.config_model import Config
from xmppd.app.ctl_client import NotRunning, ask
from xmppd.app.ctl_direct import act_as_owner, carry_out
from xmppd.app.ctl_init import begin
from xmppd.app.ctl_input import read_accounts, read_password
from xmppd.app.ctl_text import readable
from xmppd.app.ctl_users import STATES
from xmppd.app.ctl_verb import Refused, Tell, Verb
from xmppd.app.logs import escaped
from xmppd.app.verbs import VERBS
from xmppd.storage.interfaces import StorageError

F = TypeVar("F", bound=Callable[..., Any])
Do = Callable[..., Any]
"""Carries out a verb with its arguments; a third parameter, `Tell`, takes parts of its result."""

NAMES = {
    "sessions": "sm-1",
    "router": "router",
    "clients": "c2s-1",
    "servers": "s2s-1",
    "rooms": "muc-1",
}
"""Names of processes by what they do, where the server is not one."""

BATCH = 200
"""Accounts that are sent at a time."""


class Control:
    """What all commands share: where the server is, and how to talk to it and to people."""

    def __init__(self, do: Do | None = None) -> None:
        self.file: Path | None = None
        self.data: Path | None = None
        self.domains: tuple[str, ...] = ()
        self.instance: str | None = None
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

    def stream(self, name: str, tell: Tell, **args: Any) -> Any:
        """As `do`, for a verb that tells parts of its result as they come."""
        given = {key: arg for key, arg in args.items() if arg is not None}
        return self._do(VERBS[name], given, tell)

    def show(self, name: str, result: Any) -> None:
        """Print what a verb gave."""
        text = json.dumps(result) if self.as_json else readable(name, result)
        if text:
            click.echo(text)

    def _do_somewhere(self, verb: Verb, args: dict[str, Any], tell: Tell | None = None) -> Any:
        """In the running server; where none runs, here."""
        act_as_owner(self.config)
        for instance in self._instances(verb):
            with suppress(NotRunning):
                return ask(socket_path(self.config, instance), verb, args, tell)
        return carry_out(self.config, verb, args)

    def _instances(self, verb: Verb) -> Iterable[str]:
        """The processes to ask, the first that runs: the one named, or those that could know."""
        if self.instance is not None:
            return (self.instance,)
        if verb.role != "any":
            return (INSTANCE, NAMES[verb.role])
        # those of other names, such as a second edge
        sockets = sorted(path.stem for path in self.config.data.glob("*.sock"))
        return dict.fromkeys((INSTANCE, *NAMES.values(), *sockets))

    def do_everywhere(self, name: str) -> Iterator[tuple[str, Any]]:
        """Carry out a verb in every process that runs, or in the one named; by their names.

        Raises `Refused` too where none does.
        """
        act_as_owner(self.config)
        running = 0
        for instance in self._instances(VERBS[name]):
            with suppress(NotRunning):
                yield instance, ask(socket_path(self.config, instance), VERBS[name], {})
                running += 1
        if not running:
            carry_out(self.config, VERBS[name], {})

    def do_at(self, instance: str, name: str, **args: Any) -> Any:
        """Carry out a verb in one process; None where it does not run here. Raises `Refused`."""
        with suppress(NotRunning):
            return ask(socket_path(self.config, instance), VERBS[name], args)
        return None

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
@click.option("--instance", help="Which process to talk to, where the server is several: its name.")
@_with_json
@click.pass_context
def main(
    context: click.Context,
    file: Path | None,
    data: Path | None,
    domains: tuple[str, ...],
    instance: str | None,
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


@_verb("disable")
@click.argument("jid")
def disable(control: Control, jid: str) -> None:
    control.show("disable", control.do("disable", jid=jid))


@_verb("enable")
@click.argument("jid")
def enable(control: Control, jid: str) -> None:
    control.show("enable", control.do("enable", jid=jid))


@_verb("users")
@click.argument("domain", required=False)
@click.option("--state", type=click.Choice(STATES), help="Only those of that state.")
@click.option("--most", type=int, help="How many at most.")
def users(control: Control, domain: str | None, state: str | None, most: int | None) -> None:
    control.show("users", control.do("users", domain=domain, state=state, most=most))


@_verb("user")
@click.argument("jid")
def user(control: Control, jid: str) -> None:
    control.show("user", control.do("user", jid=jid))


@_verb("roster")
@click.argument("jid")
def roster(control: Control, jid: str) -> None:
    control.show("roster", control.do("roster", jid=jid))


_at_domain = click.option("--to", "domain", metavar="DOMAIN", help="Only users of that domain.")


@_verb("announce")
@click.argument("text")
@_at_domain
def announce(control: Control, text: str, domain: str | None) -> None:
    control.show("announce", control.do("announce", text=text, domain=domain))


@main.group(cls=Commands, help="The message of the day.")
def motd() -> None:
    """The commands below do it."""


@_command(motd, "show", VERBS["motd_show"].doc)
@_at_domain
def motd_show(control: Control, domain: str | None) -> None:
    control.show("motd_show", control.do("motd_show", domain=domain))


@_command(motd, "set", VERBS["motd_set"].doc)
@click.argument("text")
@_at_domain
def motd_set(control: Control, text: str, domain: str | None) -> None:
    control.show("motd_set", control.do("motd_set", text=text, domain=domain))


@_command(motd, "edit", VERBS["motd_edit"].doc)
@click.argument("text")
@_at_domain
def motd_edit(control: Control, text: str, domain: str | None) -> None:
    control.show("motd_edit", control.do("motd_edit", text=text, domain=domain))


@_command(motd, "delete", VERBS["motd_delete"].doc)
@_at_domain
def motd_delete(control: Control, domain: str | None) -> None:
    control.show("motd_delete", control.do("motd_delete", domain=domain))


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
    for instance, result in control.do_everywhere("reload"):
        control.show("reload", {"process": instance, **result})


@_verb("backup")
@click.argument("file", type=click.Path())
def backup(control: Control, file: str) -> None:
    control.show("backup", control.do("backup", file=os.path.abspath(file)))


@main.group(cls=Commands, help="Reports of spam and abuse.")
def report() -> None:
    """The commands below do it."""


@_command(report, "list", VERBS["report_list"].doc)
@click.option("--domain", help="Only those made at this domain.")
@click.option("--most", type=click.IntRange(1), default=100, show_default=True, help="How many.")
def report_list(control: Control, domain: str | None, most: int) -> None:
    control.show("report_list", control.do("report_list", domain=domain, most=most))


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


@_command(muc, "affiliations", VERBS["muc_affiliations"].doc)
@click.argument("room")
def muc_affiliations(control: Control, room: str) -> None:
    control.show("muc_affiliations", control.do("muc_affiliations", room=room))


@_command(muc, "occupants", VERBS["muc_occupants"].doc)
@click.argument("room")
def muc_occupants(control: Control, room: str) -> None:
    control.show("muc_occupants", control.do("muc_occupants", room=room))


@_command(muc, "kick", VERBS["muc_kick"].doc)
@click.argument("room")
@click.argument("nick")
@click.argument("reason", required=False)
def muc_kick(control: Control, room: str, nick: str, reason: str | None) -> None:
    control.show("muc_kick", control.do("muc_kick", room=room, nick=nick, reason=reason))


@muc.group("config", cls=Commands, help="What rooms are like.")
def muc_config() -> None:
    """The commands below tell and change it."""


@_command(muc_config, "get", VERBS["muc_get"].doc)
@click.argument("room")
@click.argument("option", required=False)
def muc_get(control: Control, room: str, option: str | None) -> None:
    control.show("muc_get", control.do("muc_get", room=room, option=option))


@_command(muc_config, "set", VERBS["muc_set"].doc)
@click.argument("room")
@click.argument("option")
@click.argument("value")
def muc_set(control: Control, room: str, option: str, value: str) -> None:
    control.show("muc_set", control.do("muc_set", room=room, option=option, value=value))


@_verb("bind")
@click.argument("link")
@click.argument("domain")
def bind(control: Control, link: str, domain: str) -> None:
    control.show("bind", control.do("bind", link=link, domain=domain))


@_verb("unbind")
@click.argument("link")
@click.argument("domain")
def unbind(control: Control, link: str, domain: str) -> None:
    control.show("unbind", control.do("unbind", link=link, domain=domain))


@main.group("link", cls=Commands, help="The links of the router.")
def link_group() -> None:
    """The command below does it."""


@_command(link_group, "list", VERBS["link_list"].doc)
def link_list(control: Control) -> None:
    control.show("link_list", control.do("link_list"))


@main.group("route", cls=Commands, help="The routes of the router.")
def route_group() -> None:
    """The commands below do it."""


@_command(route_group, "list", VERBS["route_list"].doc)
def route_list(control: Control) -> None:
    control.show("route_list", control.do("route_list"))


@_command(route_group, "explain", VERBS["route_explain"].doc)
@click.argument("sender", metavar="FROM")
@click.argument("to")
def route_explain(control: Control, sender: str, to: str) -> None:
    result = control.do("route_explain", sender=sender, to=to)
    if result["instance"] is not None and result["table"] == "default":
        result["remote"] = control.do_at(result["instance"], "s2s_route", sender=sender, to=to)
    control.show("route_explain", result)


@main.group("watch", cls=Commands, help="Look on.")
def watch_group() -> None:
    """The command below does it."""


@_command(watch_group, "stanzas", VERBS["watch_stanzas"].doc)
@click.argument("jid")
@click.option("--seconds", type=int, help="For how long (default 60).")
@click.option("--stanzas", type=int, help="How many at most (default 1000).")
@click.option("--bodies", is_flag=True, help="With what they say.")
def watch_stanzas(
    control: Control, jid: str, seconds: int | None, stanzas: int | None, bodies: bool
) -> None:
    result = control.stream(
        "watch_stanzas",
        lambda part: control.show("stanza", part),
        jid=jid,
        seconds=seconds,
        stanzas=stanzas,
        bodies=bodies or None,
    )
    control.show("watch_stanzas", result)


@main.group(cls=Commands, help="Streams with other servers.")
def s2s() -> None:
    """The commands below do it."""


@_command(s2s, "list", VERBS["s2s_list"].doc)
@click.argument("domain", required=False)
def s2s_list(control: Control, domain: str | None) -> None:
    control.show("s2s_list", control.do("s2s_list", domain=domain))


@_command(s2s, "close", VERBS["s2s_close"].doc)
@click.argument("domain")
def s2s_close(control: Control, domain: str) -> None:
    control.show("s2s_close", control.do("s2s_close", domain=domain))


@_command(s2s, "route", VERBS["s2s_route"].doc)
@click.argument("sender", metavar="FROM")
@click.argument("to")
def s2s_route(control: Control, sender: str, to: str) -> None:
    control.show("s2s_route", control.do("s2s_route", sender=sender, to=to))


@_command(s2s, "check", VERBS["s2s_check"].doc)
@click.argument("domain")
def s2s_check(control: Control, domain: str) -> None:
    control.show("s2s_check", control.do("s2s_check", domain=domain))


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
