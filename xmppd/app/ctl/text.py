"""What verbs give, as people read it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xmppd.app.ctl.status_text import told_status
from xmppd.app.logs import escaped

Lines = Iterable[str]


def readable(name: str, result: Any) -> str:
    """Return the result of a verb as lines of text, safe for a terminal."""
    return "\n".join(escaped(line) for line in _RENDERERS[name](result))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Lines:
    """Yield rows in columns; what is None is a dash."""
    texts = [[escaped("-" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *texts, strict=True)]
    for row in (heads, *texts):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def _ended(count: int) -> str:
    if not count:
        return ""
    return f" ({count} session{'' if count == 1 else 's'} ended)"


def _users(result: list[dict[str, Any]]) -> Lines:
    return [user["jid"] for user in result]


def _sessions(result: list[dict[str, Any]]) -> Lines:
    keys = ("jid", "address", "since", "priority", "tls")
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in result])


def _user(result: dict[str, Any]) -> Lines:
    for key in ("jid", "created", "last_seen", "contacts"):
        yield f"{key.replace('_', ' '):<10} {'-' if result[key] is None else result[key]}"
    if result["disabled"]:
        yield "disabled"
    for session in result["sessions"]:
        yield f"session    {session['jid']} from {session['address']} since {session['since']}"


def _roster(result: list[dict[str, Any]]) -> Lines:
    heads = ("JID", "SUBSCRIPTION", "NAME", "GROUPS")
    rows = [
        (each["jid"], each["subscription"], each["name"], ", ".join(each["groups"]) or None)
        for each in result
    ]
    return table(heads, rows)


def _motd(result: list[dict[str, Any]]) -> Lines:
    for each in result:
        yield f"{each['domain']}: {'-' if each['text'] is None else each['text']}"


def _told(result: dict[str, Any]) -> Lines:
    count = result["sessions"]
    return [f"told to {count} session{'' if count == 1 else 's'}"]


def _s2s_list(result: list[dict[str, Any]]) -> Lines:
    keys = ("direction", "local", "remote", "where", "tls", "proof", "bidi", "waiting")
    told = [{**each, "bidi": "yes" if each["bidi"] else "no"} for each in result]
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in told])


def _s2s_check(result: dict[str, Any]) -> Lines:
    for problem in result["problems"]:
        yield f"problem: {problem}"
    for key in ("policy", "where", "tls", "certificate", "proof"):
        if result[key]:
            yield f"{key}: {result[key]}"


def _links(result: list[dict[str, Any]]) -> Lines:
    heads = ("LINK", "STATE", "TRUSTED", "WAITING", "PEER", "ROUTES")
    rows = [
        (
            each["link"],
            each["state"],
            "yes" if each["trusted"] else "no",
            each["waiting"],
            ", ".join(each["peers"]) or None,
            ", ".join([*each["routes"], *(["(default)"] if each["default"] else [])]) or None,
        )
        for each in result
    ]
    return table(heads, rows)


def _routes(result: list[dict[str, Any]]) -> Lines:
    keys = ("table", "match", "link", "state")
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in result])


def _explained(result: dict[str, Any]) -> Lines:
    way = f"{result['table']} route {result['match']}" if result["match"] else "no route"
    to = f" to link {result['link']} ({result['state']})" if result["link"] else ""
    yield f"{result['from']} -> {result['to']}: {way}{to}{_fate(result)}"
    if result["spoken_by"] is None:
        yield f"{result['from']} is no name of any link's own: only a trusted one may say it"
    if result["remote"] is not None:
        yield from _way(result["remote"])


def _way(remote: dict[str, Any]) -> Lines:
    """How a stanza goes on to another server."""
    name, waiting = remote["remote"], f", {remote['waiting']} waiting" if remote["waiting"] else ""
    match remote["state"]:
        case "up":
            how = ", ".join((remote["where"], remote["tls"], remote["proof"]))
            yield f"{name}: stream to {how}{waiting}"
        case "open":
            yield f"{name}: stream to {remote['where']}, not proved to it yet{waiting}"
        case "connecting":
            yield f"{name}: connecting to {remote['where'] or 'it'}{waiting}"
        case "left alone":
            yield f"{name}: bounces, left alone for a while: {remote['problem']}"
        case "refused":
            yield f"{name}: bounces, for its sender or its recipient is not one to be sent there"
        case _:
            places = ", ".join(remote["places"]) or f"nowhere: {remote['problem']}"
            yield f"{name}: no stream yet, would connect to {places}"


def _fate(result: dict[str, Any]) -> str:
    if result["condition"]:
        return f": bounces with {result['condition']}"
    wait = result["waits_seconds"]
    return f": waits up to {wait:g} seconds" if wait else ""


def _stanza(part: dict[str, Any]) -> Lines:
    if "watching" in part:
        return [f"watching {part['watching']}"]
    words = [part["time"], part["name"], part["type"] or "-", f"id={part['id'] or '-'}"]
    words.append(f"{part['from']} -> {part['to']} {part['bytes']} bytes:")
    inside = [
        f"{child['name']} ({', '.join([*filter(None, [child['ns']]), str(child['bytes'])])})"
        for child in part["children"]
    ]
    return [" ".join([*words, part.get("xml") or ", ".join(inside) or "empty"])]


def _reload(result: dict[str, Any]) -> Lines:
    yield f"{result['process']}: the configuration is in force"
    if result["restart"]:
        yield f"only a restart changes: {', '.join(result['restart'])}"
    yield from _warnings(result)


def _warnings(result: dict[str, Any]) -> Lines:
    return [f"warning: {warning}" for warning in result["warnings"]]


def _check_config(result: dict[str, Any]) -> Lines:
    yield from _warnings(result)
    if not result["problems"]:
        yield "nothing wrong"


def _check_certs(result: dict[str, Any]) -> Lines:
    for each in result["certificates"]:
        if not each["problem"] and each["file"]:
            yield f"{each['domain']}: {each['file']}, until {each['not_after'][:10]}"
    yield from _warnings(result)


def _init(result: dict[str, Any]) -> Lines:
    yield f"configuration: {result['config']}"
    yield f"data: {result['data']}"
    if result["dns"]:
        yield "records for the DNS, beside an A or AAAA record of each domain:"
        yield from result["dns"]


def _rooms(result: list[dict[str, Any]]) -> Lines:
    keys = ("room", "occupants", "name")
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in result])


def _affiliations(result: list[dict[str, Any]]) -> Lines:
    keys = ("jid", "affiliation", "nick", "reason")
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in result])


def _occupants(result: list[dict[str, Any]]) -> Lines:
    keys = ("nick", "jid", "affiliation", "role")
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in result])


def _options(result: dict[str, Any]) -> Lines:
    return [f"{name} = {_written(value)}" for name, value in sorted(result.items())]


def _written(value: Any) -> str:
    """An option's value as it can be written again."""
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


def _reports(result: list[dict[str, Any]]) -> Lines:
    keys = ("time", "reporter", "jid", "reason", "text")
    return table([key.upper() for key in keys], [[each[key] for key in keys] for each in result])


def _one_line(form: str) -> Callable[[Any], Lines]:
    return lambda result: [
        form.format_map({**result, "ended": _ended(result.get("sessions_ended", 0))})
    ]


_RENDERERS: Mapping[str, Callable[[Any], Lines]] = {
    "adduser": _one_line("{jid}: added"),
    "adduser_batch": _one_line("{added} added"),
    "passwd": _one_line("{jid}: password changed{ended}"),
    "deluser": _one_line("{jid}: removed{ended}"),
    "disable": _one_line("{jid}: disabled{ended}"),
    "enable": _one_line("{jid}: enabled"),
    "users": _users,
    "user": _user,
    "roster": _roster,
    "announce": _told,
    "motd_show": _motd,
    "motd_set": _told,
    "motd_edit": _one_line("changed"),
    "motd_delete": _one_line("ended"),
    "sessions": _sessions,
    "kick": _one_line("{jid}: closed{ended}"),
    "s2s_list": _s2s_list,
    "s2s_close": _one_line("{domain}: {closed} closed"),
    "s2s_check": _s2s_check,
    "s2s_route": _way,
    "status": told_status,
    "link_list": _links,
    "route_list": _routes,
    "route_explain": _explained,
    "bind": _one_line("{domain}: routed to {link}"),
    "unbind": _one_line("{domain}: routed to {link} no more"),
    "stanza": _stanza,
    "watch_stanzas": _one_line("{stanzas} stanzas"),
    "reload": _reload,
    "check_config": _check_config,
    "check_certs": _check_certs,
    "report_list": _reports,
    "muc_list": _rooms,
    "muc_create": _one_line("{room}: made, owned by {owner}"),
    "muc_destroy": _one_line("{room}: ended"),
    "muc_affiliations": _affiliations,
    "muc_occupants": _occupants,
    "muc_kick": _one_line("{nick} is out of {room}"),
    "muc_config_get": _options,
    "muc_config_set": _options,
    "muc_affiliation": _one_line("{jid} is {affiliation} of {room}"),
    "backup": _one_line("{file}: written"),
    "init": _init,
}
