"""Asking a running server, from a program without a reactor."""

import json
import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xmppd.app.admin import MAX_LINE, peer_uid
from xmppd.app.ctl.verb import Refused, Tell, Verb


class NotRunning(Exception):
    """Nobody listens at that socket."""


def ask(path: Path, verb: Verb, args: Mapping[str, Any], tell: Tell | None = None) -> Any:
    """Have a running server carry out a verb; `tell` is called with the parts that come first.

    Raises `NotRunning` and `Refused`.
    """
    request = json.dumps({"verb": verb.name, "args": args}).encode() + b"\n"
    if len(request) > MAX_LINE:
        raise Refused(f"{verb.name}: longer than {MAX_LINE} bytes")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(verb.seconds)
        try:
            _connect(connection, path)
            connection.sendall(request)
            with connection.makefile("rb") as stream:
                return _result(path, stream, tell)
        except (TimeoutError, BlockingIOError):
            raise Refused(f"the server at {path} does not answer") from None
        except OSError as problem:
            raise Refused(f"{path}: {problem.strerror} (running as uid {os.geteuid()})") from None


def _connect(connection: socket.socket, path: Path) -> None:
    """Connect, and trust only a server of our own user's or of root's with what is asked."""
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning from None
    uid = peer_uid(connection)
    if uid not in (None, 0, os.geteuid()):
        raise Refused(f"{path}: belongs to uid {uid} (running as uid {os.geteuid()})")


def _result(path: Path, lines: Iterable[bytes], tell: Tell | None) -> Any:
    for line in lines:
        match _decoded(line):
            case {"part": part} if tell is not None:
                tell(part)
            case {"result": result}:
                return result
            case {"error": str(problem)}:
                raise Refused(problem)
            case _:
                break
    raise Refused(f"the server at {path} closed the connection without an answer")


def _decoded(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return None
