"""`python -m bench`: all measurements, in about a minute."""

import pyexpat
import sys
from importlib.metadata import version

from bench import idle, journeys, pieces
from bench.table import Row, print_table


def main() -> None:
    expat = ".".join(map(str, pyexpat.version_info))
    print(f"Python {sys.version.split()[0]}, Twisted {version('Twisted')}, expat {expat}")
    # The whole server first: the parts fill caches and memory, which it would feel.
    print_table("CPU us per stanza, the whole server", journeys.rows())
    print_table("CPU milliseconds", journeys.logins())
    print_table("CPU us per stanza, the parts", pieces.rows())
    print_table("KiB of memory", [Row("idle session", None, idle.kib_per_session())])


if __name__ == "__main__":
    main()
