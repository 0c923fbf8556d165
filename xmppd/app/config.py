"""Reading the configuration: a TOML file, environment variables over it, then the command line."""

import os
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import attrs

from xmppd.app.config_key import ConfigError, Wrong
from xmppd.app.config_lines import line_of
from xmppd.app.config_model import Config, Origin
from xmppd.app.config_structure import structure
from xmppd.app.config_words import KeyPath, shown, suggestion, written

T = TypeVar("T")

ENVIRONMENT_PREFIX = "XMPPD__"
COMMAND_LINE = "command line"

LATER: Mapping[KeyPath, str] = {}
"""Keys that are taken without effect, with the module that will read them once it exists."""


def load(
    path: str | Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    domains: Iterable[str] = (),
    data: str | None = None,
    c2s: Iterable[str] = (),
    muc: str | None = None,
) -> Config:
    """Read the configuration.

    :param path: the TOML file; None for the defaults.
    :param environ: where `XMPPD__C2S__LIMITS__ENABLED=false` and its like are looked for.
    :param domains: domains of the command line, instead of the file's.
    :param data: data directory of the command line.
    :param c2s: endpoint strings of the command line, each with STARTTLS.
    :param muc: domain of the rooms, of the command line.
    :raises ConfigError: in one line, the first thing that is wrong.
    """
    values = {} if path is None else _read(Path(path))
    name = "defaults" if path is None else str(path)
    folder = Path.cwd() if path is None else Path(path).absolute().parent
    origin = Origin(name, folder, {})
    try:
        elsewhere = _override(values, {} if environ is None else environ)
        origin = Origin(name, folder, elsewhere)
        for key_path, value in _command_line(domains, data, c2s, muc):
            _put(values, key_path, value)
            elsewhere[key_path] = COMMAND_LINE
        warnings = tuple(_take_later(values, origin))
        config = structure(values, Config, folder)
    except Wrong as problem:
        raise error(problem, origin) from None
    return attrs.evolve(config, data=folder / config.data, origin=origin, warnings=warnings)


def options_for(
    section: Mapping[str, Any], options_class: type[T], where: str, folder: Path = Path()
) -> T:
    """Return the options of an extension, checked against its dataclass or attrs class.

    :param section: the keys of the extension's table but `enabled`.
    :param where: file and key path of the table, for messages.
    :param folder: what file names in the table are relative to: `config.origin.folder`.
    :raises ConfigError: in one line.
    """
    try:
        return structure(dict(section), options_class, folder)
    except Wrong as problem:
        key_path = f".{written(problem.path)}" if problem.path else ""
        raise ConfigError(f"{where}{key_path}: {problem.message}") from None


def check_extensions(config: Config, known: Iterable[str]) -> None:
    """Raise `ConfigError` for a table of an extension that does not exist."""
    names = set(known)
    tables: list[tuple[KeyPath, Mapping[str, Any]]] = [(("extensions",), config.extensions)]
    for domain, host in config.host.items():
        tables.append((("host", domain, "extensions"), host.extensions))
    for path, extensions in tables:
        for name in sorted(extensions.keys() - names):
            hint = suggestion(name, names)
            raise error(Wrong(f"no such extension ({hint})", *path, name), config.origin)


def check_certificates(config: Config) -> None:
    """Raise `ConfigError` if the directory of certificates that the configuration names is none."""
    folder = config.tls.certificates
    if folder is not None and not folder.is_dir():
        wrong = f"no such directory (make it, or leave the key out; got {shown(str(folder))})"
        raise error(Wrong(wrong, "tls", "certificates"), config.origin)


def link_secret(path: Path) -> str:
    """Return the secret of a link; where there is no such file yet, one is made with a new secret.

    :raises ConfigError: as `read_secret`, and where the file cannot be made.
    """
    if not path.exists():
        try:
            _make_secret(path)
        except OSError as problem:
            raise ConfigError(f"{path}: {_reason(problem)}") from None
    return read_secret(path)


def _make_secret(path: Path) -> None:
    """Make a file with a new secret, whole from the first, unless another process was quicker."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)


def read_secret(path: Path) -> str:
    """Return the secret that a file holds, without the white space around it.

    :raises ConfigError: for a file that is missing, empty, or readable by others.
    """
    try:
        mode = path.stat().st_mode
        secret = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: {_reason(problem)}") from None
    if mode & 0o007:
        raise ConfigError(f"{path}: others may read this secret (chmod 600 {path})")
    if not secret:
        raise ConfigError(f"{path}: is empty (write the secret into it)")
    return secret


def error(problem: Wrong, origin: Origin) -> ConfigError:
    """Return the one line that tells what is wrong, and where."""
    where = origin.of(problem.path)
    key_path = f"{written(problem.path)}: " if problem.path else ""
    if problem.beside:
        first, second = _with_line(problem.beside, origin), _with_line(problem.path, origin)
        return ConfigError(f"{where}: {first} and {second}: {problem.message} (remove one)")
    return ConfigError(f"{where}: {key_path}{problem.message}")


def _with_line(path: KeyPath, origin: Origin) -> str:
    """Return a key path with the line of the file where it stands, if it is a file's."""
    file = origin.folder / Path(origin.name).name
    line = line_of(file.read_text("utf-8"), path) if file.is_file() else None
    return f"{written(path)} (line {line})" if line else written(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{path}: not TOML: {problem}") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: {_reason(problem)}") from None


def _reason(problem: OSError | UnicodeDecodeError) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return f"not UTF-8 at byte {problem.start} (save it as UTF-8)"
    if isinstance(problem, FileNotFoundError):
        return "no such file (write it, or name another)"
    return f"{problem.strerror} (running as uid {os.geteuid()})"


def _command_line(
    domains: Iterable[str], data: str | None, c2s: Iterable[str], muc: str | None
) -> Iterable[tuple[KeyPath, Any]]:
    """Yield the keys that options of the command line set."""
    if names := list(domains):
        yield ("domains",), names
    if data is not None:
        yield ("data",), str(Path(data).absolute())
    if places := list(c2s):
        yield ("c2s", "listen"), [{"endpoint": place} for place in places]
    if muc is not None:
        yield ("muc", "domain"), muc


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> dict[KeyPath, str]:
    """Put environment variables over what the file says; return which set what."""
    elsewhere: dict[KeyPath, str] = {}
    for variable in sorted(environ):
        if variable.startswith(ENVIRONMENT_PREFIX):
            steps = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            path: KeyPath = tuple(int(step) if step.isdecimal() else step for step in steps)
            try:
                _put(values, path, _literal(environ[variable]))
            except (LookupError, TypeError):
                raise ConfigError(
                    f"{variable}: no such place in the configuration (names are joined by two "
                    "underscores, places in lists count from 0)"
                ) from None
            elsewhere[path] = variable
    return elsewhere


def _literal(text: str) -> Any:
    """Return the TOML value that a text is, or else the text itself."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _put(values: Any, path: KeyPath, value: Any) -> None:
    """Set a value below tables and lists; tables are made where none are."""
    *above, last = path
    for step in above:
        if isinstance(values, dict):
            values.setdefault(step, {})
        values = values[step]
    values[last] = value


def _take_later(values: dict[str, Any], origin: Origin) -> Iterable[str]:
    """Remove the keys whose time has not come; yield a warning for each."""
    for path in LATER:
        *above, last = path
        holder: Any = values
        for step in above:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and holder.pop(last, None) is not None:
            yield f"{origin.of(path)}: {written(path)}: has no effect in this version yet"
