"""A table for people."""

from collections.abc import Iterable

import attrs


@attrs.frozen
class Row:
    """One measurement; `stock` is None where Twisted has nothing that does the same."""

    what: str
    stock: float | None
    ours: float


def print_table(unit: str, rows: Iterable[Row]) -> None:
    """Print rows as they come."""
    print(f"\n| {unit:<42} | twisted.words | xmppd |")
    print(f"|{'-' * 44}|--------------:|------:|")
    for row in rows:
        stock = "" if row.stock is None else _short(row.stock)
        print(f"| {row.what:<42} | {stock:>13} | {_short(row.ours):>5} |", flush=True)


def _short(value: float) -> str:
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"
