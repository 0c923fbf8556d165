"""What `xmppctl` reads: passwords, and lists of accounts."""

import re
import sys
from typing import Any

import click

from xmppd.app.ctl.verb import Refused


def read_accounts(stream: Any) -> list[tuple[int, str, str]]:
    """Read lines of JID and password, with their numbers; empty ones and comments (#) are left out.

    A password is the rest of its line, spaces included. Raises `Refused`.
    """
    try:
        lines = enumerate(stream.read().split("\n"), 1)
    except UnicodeDecodeError:
        raise Refused(f"{stream.name}: not UTF-8 (save it as UTF-8)") from None
    found = []
    for number, line in lines:
        jid, *password = re.split("[ \t]+", line.strip("\r"), maxsplit=1)
        if jid and not jid.startswith("#"):
            found.append((number, jid, "".join(password)))
    return found


def read_password(from_stdin: bool) -> str:
    """Ask for a password twice; without a terminal, read a line. Raises `Refused`."""
    if not from_stdin and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        line = sys.stdin.buffer.readline().decode()
    except UnicodeDecodeError:
        raise Refused("the password is not UTF-8") from None
    return line.rstrip("\r\n")
