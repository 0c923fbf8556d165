"""The reference part of the documentation, made from what the code says of itself.

`python -m xmppd.app.docs` writes it; with `--check` it only tells what is not current.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_type_hints

import attrs
import click

from xmppd.app.config_text import default_of, reference, type_of
from xmppd.app.config_words import shown
from xmppd.app.xmppctl import main as xmppctl
from xmppd.chat.option import Field
from xmppd.chat.options.builtin import BUILTIN as ROOM_OPTIONS
from xmppd.chat.options.core import CORE
from xmppd.component.catalogue import doap, xep_table
from xmppd.component.extension import Extension
from xmppd.extensions.builtin import BUILTIN
from xmppd.muc.service import Rooms
from xmppd.s2s.xeps import ServerProtocols

IMPLEMENTERS = (*BUILTIN, Rooms, ServerProtocols)
"""Whatever implements XEPs."""
FOLDER = Path("docs/reference")
_WIDTH = 80
_MADE = "<!-- Made by `make docs`; do not edit. -->"


def pages() -> Mapping[str, Callable[[], str]]:
    """Every generated file by name, with what makes it."""
    return {
        "configuration.md": configuration,
        "extensions.md": extensions,
        "room-options.md": room_options,
        "xmppctl.md": commands,
        "xeps.md": xeps,
        "xmppd.doap": lambda: doap(IMPLEMENTERS),
    }


def configuration() -> str:
    """Every key of the configuration file."""
    return f"# Configuration\n\n{_MADE}\n\n{reference().strip()}\n"


def xeps() -> str:
    """The XEPs that are implemented."""
    return f"# XEPs\n\n{_MADE}\n\n{xep_table(IMPLEMENTERS)}"


def extensions() -> str:
    """Every extension that comes with xmppd, with its options."""
    parts = [f"# Extensions\n\n{_MADE}\n"]
    for cls in sorted(BUILTIN, key=lambda cls: cls.title()):
        parts += _extension(cls)
    return "\n".join(parts)


def room_options() -> str:
    """Every option of rooms that comes with xmppd, with its fields."""
    parts = [f"# Options of rooms\n\n{_MADE}\n"]
    for option in sorted((*CORE, *ROOM_OPTIONS), key=lambda option: option.title()):
        switch = "Every room has it." if option in CORE else "By default it is on."
        parts.append(f"## `{option.title()}`\n\n{_prose(option.__doc__ or '')} {switch}\n")
        if option.fields:
            parts += ["| field | value | default | meaning |", "|---|---|---|---|"]
            parts += [*map(_room_field, option.fields), ""]
    return "\n".join(parts)


def commands() -> str:
    """What `xmppctl` can be told, as its own `--help` says it."""
    parts = [f"# xmppctl\n\n{_MADE}\n"]
    for context in _contexts(xmppctl, None, "xmppctl"):
        parts.append(f"## `{context.command_path}`\n")
        parts.append(f"```text\n{context.get_help()}\n```\n")
    return "\n".join(parts)


def _extension(cls: type[Extension]) -> Iterable[str]:
    switch = "on" if cls.default else "off"
    yield f"## `[extensions.{cls.title()}]`\n"
    yield f"{_prose(cls.__doc__ or '')}\n"
    yield f"By default it is {switch}.\n"
    if options := list(_options(cls.Options)):
        yield "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *options, ""])


def _room_field(field: Field) -> str:
    return f"| `{field.name}` | {field.allowed} | `{shown(field.default)}` | {field.label} |"


def _options(cls: type) -> Iterable[str]:
    """The rows of an extension's keys; what they mean stands in metadata or behind them."""
    kinds, said = get_type_hints(cls), _said(cls)
    for field in attrs.fields(cls):
        kind, meaning = type_of(kinds[field.name]), field.metadata.get("doc") or said[field.name]
        default = default_of(field.default)
        yield f"| `{field.name}` | {kind} | `{default}` | {' '.join(meaning.split())} |"


def _said(cls: type) -> dict[str, str]:
    """The texts that stand behind the attributes in a class's source."""
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            found[name] = ""
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = str(node.value.value)
    return found


def _prose(docstring: str) -> str:
    """A docstring without its indentation and line breaks; paragraphs stay."""
    paragraphs = re.split(r"\n\s*\n", docstring.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _contexts(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterable[click.Context]:
    """A command and all below it, as if each had been called."""
    widths = {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = click.Context(command, parent, name, **{**command.context_settings, **widths})
    yield context
    if isinstance(command, click.Group):
        for word, below in sorted(command.commands.items()):
            yield from _contexts(below, context, word)


def outdated(folder: Path) -> list[Path]:
    """The files that are not what would be written now."""
    return [folder / name for name, make in pages().items() if _text(folder / name) != make()]


def write(folder: Path) -> None:
    """Write every file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in pages().items():
        (folder / name).write_text(make(), "utf-8")


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main(arguments: Sequence[str]) -> int:
    """Write, or with `--check` tell what is not current; returns the exit code."""
    if list(arguments) != ["--check"]:
        write(FOLDER)
        return 0
    old = outdated(FOLDER)
    for path in old:
        print(f"{path}: not current (run `make docs`)", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
