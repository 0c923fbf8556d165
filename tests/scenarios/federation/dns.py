"""A DNS server of its own process that knows the domains of a test, and no others.

Servers of others differ in whom they ask for the addresses behind SRV: ejabberd asks the resolver
of the system whatever its configuration says. So there are two views of the same zone: in one the
targets of SRV are names, as they should be, and in the other they are addresses, which that
resolver takes as they stand.
"""

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet import reactor
from twisted.internet.task import react
from twisted.names import dns
from twisted.names.authority import FileAuthority
from twisted.names.client import Resolver
from twisted.names.server import DNSServerFactory
from twisted.python import log

from tests.scenarios.server import LOOPBACK, ROOT, STARTING, environment, free_port
