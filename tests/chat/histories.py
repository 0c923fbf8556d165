"""Random histories of rooms: who is there, and what they ask for."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import attrs

from xmppd.chat import commands as c
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    HistoryWish,
    Invitation,
    Person,
    Presence,
    Role,
    Text,
    Why,
)

ACCOUNTS = [f"{name}@{domain}" for name in ("ann", "bob", "cyd") for domain in ("a.test", "b.test")]
PEOPLE = [Person(account, session) for account in ACCOUNTS for session in ("x", "y")]
OWNER = PEOPLE[0]
NICKS = ["Ann", "ann", "\uff41nn", " bob", "bob  b", "bob b", "cyd", "\u3164", "eve", "x" * 65]
ROLES = ("moderator", "participant", "visitor")
VALUES: Mapping[str, tuple[Any, ...]] = {
    "password": ("", "", "pw"),
    "members_only": (False, True),
    "moderated": (False, True),
    "open_topic": (False, True),
    "members_invite": (False, True),
    "broadcast": (ROLES, ROLES[:2], ROLES[:1], ()),
    "identities": ("moderators", "everyone"),
    "whispers": ("anyone", "participants", "moderators", "none"),
    "registration": ("open", "ask", "off"),
    "limit": (0, 0, 2, 3),
    "history": (0, 1, 2, 3),
    "persistent": (False, True),
    "archive": (False, True),
    "fixed_nicks": (False, True),
    "voice_requests": (True, False),
    "tell_absent": (False, True),
    "absent_members": (False, True),
    "member_list": ((), ROLES[1:]),
}


def configuration(random: Random) -> dict[str, Any]:
    """Some values of a configuration; rarely one that no room takes."""
    names = random.sample(sorted(VALUES), random.randrange(6))
    found = {name: random.choice(VALUES[name]) for name in names}
    return {**found, "whispers": "wrong"} if random.random() < 0.02 else found


def first_configuration(random: Random) -> dict[str, Any]:
    """The values with which a room begins; most last."""
    config = {"persistent": random.random() < 0.8, **configuration(random)}
    return {name: value for name, value in config.items() if value != "wrong"}


def standing_changes(random: Random) -> tuple[c.StandingChange, ...]:
    """One to three other affiliations."""
    return tuple(
        c.StandingChange(
            random.choice([*ACCOUNTS, "a.test"]),
            random.choice(list(Affiliation)),
            random.choice([None, None, "", random.choice(NICKS)]),
        )
        for _ in range(random.randint(1, 3))
    )


def role_changes(random: Random, worn: Sequence[str]) -> tuple[c.RoleChange, ...]:
    """One or two other roles."""
    return tuple(
        c.RoleChange(nick_of(random, worn), random.choice(list(Role)))
        for _ in range(random.randint(1, 2))
    )


def nick_of(random: Random, worn: Sequence[str]) -> str:
    """Mostly one that somebody wears."""
    return random.choice(worn if worn and random.random() < 0.9 else NICKS)


def presence(random: Random) -> Presence:
    return Presence(Text(random.choice("pq")), random.randint(-1, 2))


def content(random: Random) -> Text:
    return Text(random.choice("abc"), random.random() < 0.8)


def _enter(random: Random, person: Person, worn: Sequence[str]) -> c.Command:
    wish = HistoryWish(
        random.choice([None, None, None, 0, 5]),
        random.choice([None, None, 0, 1, 2]),
        random.choice([None, None, 0, 50]),
        random.choice([None, None, 990_000.0, 1_000_500.0]),
    )
    shown, password = presence(random), random.choice(["", "pw", "pw"])
    return c.Enter(person, random.choice(NICKS), shown, password, wish)


def _configure(random: Random, person: Person, worn: Sequence[str]) -> c.Command:
    lists = (tuple(random.sample(ACCOUNTS, random.randrange(3))) for _ in range(2))
    owners, admins = (random.choice([None, None, accounts]) for accounts in lists)
    return c.Configure(person, configuration(random), owners, admins)


Maker = Callable[[Random, Person, Sequence[str]], c.Command]

_MAKERS: tuple[tuple[int, Maker], ...] = (
    (4, _enter),
    (1, lambda r, p, w: c.Leave(p, None, r.choice([Why.PARTED, Why.LOST]))),
    (1, lambda r, p, w: c.Lose(tuple(r.sample(PEOPLE, r.randrange(6))))),
    (1, lambda r, p, w: c.ShowPresence(p, presence(r))),
    (2, lambda r, p, w: c.Rename(p, r.choice(NICKS), presence(r))),
    (3, lambda r, p, w: c.Say(p, content(r))),
    (1, lambda r, p, w: c.Whisper(p, nick_of(r, w), content(r))),
    (1, lambda r, p, w: c.SetTopic(p, content(r))),
    (1, lambda r, p, w: c.Invite(p, (Invitation(r.choice(ACCOUNTS)),))),
    (1, lambda r, p, w: c.Decline(p, r.choice(ACCOUNTS))),
    (1, lambda r, p, w: c.RequestVoice(p)),
    (1, lambda r, p, w: c.Register(p, r.choice(NICKS))),
    (1, lambda r, p, w: c.Unregister(p)),
    (1, lambda r, p, w: c.SetStandings(p, standing_changes(r))),
    (2, lambda r, p, w: c.SetStandings(OWNER, standing_changes(r))),
    (4, lambda r, p, w: c.SetRoles(p, role_changes(r, w))),
    (1, lambda r, p, w: c.SetRoles(ITSELF, role_changes(r, w))),
    (1, lambda r, p, w: c.SetStandings(ITSELF, standing_changes(r), asks=False)),
    (1, lambda r, p, w: c.SetCard(p, *r.choice([(b"", ""), (b"<p/>", "1")]))),
    (2, lambda r, p, w: c.Configure(OWNER, configuration(r))),
    (1, _configure),
)
_WEIGHTS = [weight for weight, _ in _MAKERS]


def command(random: Random, inside: Mapping[Person, str]) -> c.Command:
    """What somebody asks for next, mostly one of those inside; rarely, that the room ends."""
    person = random.choice([*inside] if inside and random.random() < 0.8 else PEOPLE)
    if random.random() < 0.005:
        return c.Destroy(person)
    if random.random() < 0.5 / (1 + len(inside)):
        return _enter(random, random.choice(PEOPLE), ())
    [(_, make)] = random.choices(_MAKERS, _WEIGHTS)
    made = make(random, person, sorted(set(inside.values())))
    beside = [nick for other, nick in inside.items() if other.account == person.account]
    if isinstance(made, c.Enter) and beside and random.random() < 0.5:
        return attrs.evolve(made, nick=beside[0])
    return made
