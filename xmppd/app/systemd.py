"""Telling systemd how a process is: what `Type=notify` waits for (sd_notify(3))."""

import os
import socket
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(state: str, place: str | None = None) -> None:
    """Tell a state to the socket that systemd has named, if it has; `@` begins an abstract one."""
    address = os.environ.get("NOTIFY_SOCKET") if place is None else place
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, suppress(OSError):
        told.sendto(state.encode(), address)
