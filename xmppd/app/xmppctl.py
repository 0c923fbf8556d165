"""`xmppctl`: administration from the command line."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from xmppd.app.ctl.commands import Commands, F, add_command, add_verb, with_json
from xmppd.app.ctl.control import Control
from xmppd.app.ctl.init import begin
from xmppd.app.ctl.input import read_accounts, read_password
from xmppd.app.ctl.verbs import VERBS
from xmppd.app.logs import escaped

BATCH = 200
"""Accounts that are sent at a time."""

_OWN = {"adduser_batch"}
"""Verbs whose commands are more than the verb, or that have none."""


def _command(name: str) -> Callable[[F], click.Command]:
    """Make the command of a verb, which has its name and its description."""
    _OWN.add(name)
    return add_command(main, VERBS[name].command, VERBS[name].doc)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "-f", "file", type=click.Path(path_type=Path), help="Configuration file.")
@click.option("--data", "-d", type=click.Path(path_type=Path), help="Data directory.")
@click.option("--domain", "domains", multiple=True, help="Domain served (repeatable).")
@click.option("--instance", help="Which process to talk to, where the server is several: its name.")
@with_json
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


@add_command(main, "init", "Write a configuration file and make the data directory.")
@click.argument("domains", nargs=-1)
def init(control: Control, domains: tuple[str, ...]) -> None:
    file = control.file or Path("xmppd.toml")
    data = control.data or file.absolute().parent / "data"
    control.show("init", begin(file, data, domains or control.domains or ("localhost",)))


_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of stdin."
)


@_command("adduser")
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


@_command("passwd")
@click.argument("jid")
@_from_stdin
def passwd(control: Control, jid: str, password_stdin: bool) -> None:
    password = read_password(password_stdin)
    control.show("passwd", control.do("passwd", jid=jid, password=password))


@_command("reload")
def reload(control: Control) -> None:
    for instance, result in control.do_everywhere("reload"):
        control.show("reload", {"process": instance, **result})


@_command("backup")
@click.argument("file", type=click.Path())
def backup(control: Control, file: str) -> None:
    control.show("backup", control.do("backup", file=os.path.abspath(file)))


@_command("route_explain")
@click.argument("sender", metavar="FROM")
@click.argument("to")
def route_explain(control: Control, sender: str, to: str) -> None:
    result = control.do("route_explain", sender=sender, to=to)
    if result["instance"] is not None and result["table"] == "default":
        result["remote"] = control.do_at(result["instance"], "s2s_route", sender=sender, to=to)
    control.show("route_explain", result)


@_command("watch_stanzas")
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


@_command("check_config")
def check_config(control: Control) -> None:
    _tell(control, "check_config", control.do_here("check_config"))


@_command("check_certs")
def check_certs(control: Control) -> None:
    _tell(control, "check_certs", control.do("check_certs"))


for _verb in VERBS.values():
    if _verb.name not in _OWN:
        add_verb(main, _verb)


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
