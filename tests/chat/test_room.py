"""A room alone: what commands give, with no protocol in sight."""

from twisted.trial.unittest import SynchronousTestCase

from tests.chat.kit import EVERY, HERE, JULIET, OPTIONS, OWNER, ROMEO, enter, room_with
from xmppd.chat.affiliations import MOST_STANDINGS, SPARE
from xmppd.chat.commands import (
    Configure,
    Enter,
    Invite,
    Leave,
    Register,
    RoleChange,
    Say,
    SetRoles,
    SetStandings,
    SetTopic,
    Shutdown,
    StandingChange,
    Tick,
)
from xmppd.chat.events import Entered, Left, Revealed, Said, Welcomed
from xmppd.chat.model import (
    ITSELF,
    Affiliation,
    Invitation,
    Kind,
    Person,
    Role,
    Saved,
    Sight,
    Standing,
    Text,
    Why,
)
from xmppd.chat.option_set import OptionSet
from xmppd.chat.outcome import Done, Reason, Refused, SaveMessage, SaveRoom, SaveStanding
from xmppd.chat.room import Room


def ban(account: str) -> StandingChange:
    return StandingChange(account, Affiliation.OUTCAST)


class RoomTest(SynchronousTestCase):
    def refused(self, outcome: Done | Refused) -> Reason:
        assert isinstance(outcome, Refused), outcome
        return outcome.reason

    def done(self, outcome: Done | Refused) -> Done:
        assert isinstance(outcome, Done), outcome
        return outcome

    def test_three_ways_to_be_told(self) -> None:
        """Oneself, who may see addresses, the rest: three notices however many are inside."""
        room = room_with()
        for person in (OWNER, ROMEO, Person("paris@home.test", "x")):
            self.done(enter(room, person))
        notices = self.done(enter(room, JULIET)).notices
        self.assertEqual([type(each.event) for each in notices], [Entered, Entered, Welcomed])
        self.assertEqual([each.sight for each in notices[:2]], [Sight.FULL, Sight.NICK])
        self.assertEqual([stay.person for stay in notices[0].to], [OWNER])

    def test_list_of_affiliations_is_bounded(self) -> None:
        """Neither registration nor invitations make it longer than it may be."""
        accounts = (f"{number}@home.test" for number in range(MOST_STANDINGS - 1))
        room = room_with(
            dict.fromkeys(accounts, Affiliation.MEMBER), registration="open", members_only=True
        )
        self.done(enter(room, OWNER))
        asked = Invite(OWNER, (Invitation(ROMEO.account),))
        self.assertIs(self.refused(room.handle(asked)), Reason.FULL)
        self.assertIs(self.refused(room.handle(Register(ROMEO, "romeo"))), Reason.FULL)
        change = StandingChange(ROMEO.account, Affiliation.MEMBER)
        self.assertIs(self.refused(room.handle(SetStandings(OWNER, (change,)))), Reason.FULL)
        self.done(room.handle(Register(Person("1@home.test", "x"), "one")))

    def test_admins_ban_though_the_list_is_full_of_members(self) -> None:
        """Registrations and invitations leave some places to them."""
        accounts = [f"{number}@home.test" for number in range(MOST_STANDINGS - SPARE - 1)]
        room = room_with(dict.fromkeys(accounts, Affiliation.MEMBER), registration="open")
        self.assertIs(self.refused(room.handle(Register(ROMEO, "romeo"))), Reason.FULL)
        self.done(room.handle(SetStandings(OWNER, (ban(ROMEO.account),))))

    def test_a_domain_gets_in_by_nothing(self) -> None:
        """9.2: a domain can be banned; it has no other affiliation, whoever comes by its name."""
        domain = Person("home.test", "x")
        room = room_with(members_only=True, members_invite=True, registration="open")
        self.assertIs(
            self.refused(room.handle(Invite(OWNER, (Invitation(domain.account),)))),
            Reason.NOT_INSIDE,
        )
        enter(room, OWNER)
        room.handle(Invite(OWNER, (Invitation(domain.account),)))
        room.handle(Register(domain, "home"))
        self.assertIs(room.affiliation(ROMEO.account), Affiliation.NONE)
        self.assertIs(self.refused(enter(room, ROMEO)), Reason.MEMBERS_ONLY)

    def test_ban_of_a_domain_is_of_who_comes_by_its_name_too(self) -> None:
        """9.1: a component, say, which has no localpart."""
        domain = Person("home.test", "x")
        room = room_with()
        for person in (OWNER, ROMEO, domain):
            enter(room, person)
        self.done(room.handle(SetStandings(OWNER, (ban("home.test"),))))
        self.assertEqual(list(room.sessions), [OWNER])
        self.assertIs(self.refused(enter(room, domain)), Reason.BANNED)

    def test_what_an_owner_has_said_holds_whatever_the_default(self) -> None:
        """A room that is to tell no addresses tells none though the service's default changes."""
        room = room_with()
        values = {"identities": "moderators", "members_only": False}
        self.done(room.handle(Configure(OWNER, values)))
        options = OptionSet(EVERY, {"identities": "everyone"})
        again = Room(room.saved, options, room.clock, room.new_id)
        self.assertFalse(again.open)

    def test_reserved_nicks_go_with_their_rows(self) -> None:
        room = room_with()
        for nick in ("One", "two", "two", ""):
            change = StandingChange(ROMEO.account, Affiliation.MEMBER, nick)
            self.done(room.handle(SetStandings(OWNER, (change,))))
            found = {nick.lower(): ROMEO.account} if nick else {}
            self.assertEqual(room.reserved, found)
        swapped = (
            StandingChange(ROMEO.account, Affiliation.MEMBER, "a"),
            StandingChange(JULIET.account, Affiliation.MEMBER, "b"),
        )
        self.done(room.handle(SetStandings(OWNER, swapped)))
        taken = StandingChange(JULIET.account, Affiliation.MEMBER, "A")
        self.assertIs(self.refused(room.handle(SetStandings(OWNER, (taken,)))), Reason.NICK_TAKEN)
        freed = StandingChange(ROMEO.account, Affiliation.NONE)
        self.done(room.handle(SetStandings(OWNER, (freed, taken))))
        self.assertEqual(room.reserved, {"a": JULIET.account})

    def test_say(self) -> None:
        room = room_with()
        enter(room, OWNER)
        enter(room, ROMEO)
        done = self.done(room.handle(Say(ROMEO, Text("hi"))))
        [notice] = done.notices
        assert isinstance(notice.event, Said)
        self.assertEqual({stay.person for stay in notice.to}, {OWNER, ROMEO})
        self.assertEqual(done.writes, ())
        self.done(room.handle(Say(ROMEO, Text("", storable=False))))
        self.assertEqual(len(room.history), 1)

    def test_archive(self) -> None:
        """What says something is kept where the room says so, and lasts; the topic too."""
        for config, kept in (
            ({"archive": True, "persistent": True}, True),
            ({"archive": True}, False),
            ({"archive": False, "persistent": True}, False),
        ):
            room = room_with(**config)
            enter(room, OWNER)
            said = self.done(room.handle(Say(OWNER, Text("hi")))).notices[0].event
            assert isinstance(said, Said)
            self.assertEqual((room.archived, said.message.kept), (kept, kept))
        room = room_with(archive=True, persistent=True)
        enter(room, OWNER)
        done = self.done(room.handle(Say(OWNER, Text("hi"))))
        assert isinstance(done.notices[0].event, Said)
        self.assertEqual(done.writes, (SaveMessage(done.notices[0].event.message),))
        self.assertEqual(self.done(room.handle(Say(OWNER, Text("", False)))).writes, ())
        topic = self.done(room.handle(SetTopic(OWNER, Text("topic", False))))
        assert room.saved.topic is not None
        self.assertEqual(topic.writes, (SaveRoom(), SaveMessage(room.saved.topic, Kind.TOPIC)))

    def test_who_may_read_what_was_said(self) -> None:
        """XEP-0313, 6.1.2: whoever could enter now; who knows addresses there knows authors."""
        standings = {"in@home.test": Affiliation.MEMBER, "out@home.test": Affiliation.OUTCAST}
        member, outcast = Person("in@home.test"), Person("out@home.test")
        for config, reading, knowing in (
            ({}, {OWNER, ROMEO, member}, {OWNER}),
            ({"members_only": True}, {OWNER, member}, {OWNER}),
            ({"password": "secret"}, {OWNER, member}, {OWNER}),
            ({"identities": "everyone"}, {OWNER, ROMEO, member}, {OWNER, ROMEO, member}),
        ):
            room = room_with(standings, **config)
            people = {OWNER, ROMEO, member, outcast}
            self.assertEqual({each for each in people if room.may_read_archive(each)}, reading)
            self.assertEqual({each for each in reading if room.may_know_authors(each)}, knowing)
        room = room_with(password="secret")
        enter(room, ROMEO, password="secret")
        self.assertTrue(room.may_read_archive(ROMEO))
        self.assertFalse(room.may_know_authors(ROMEO))

    def test_same_again_is_nothing(self) -> None:
        room = room_with(persistent=True)
        change = SetStandings(OWNER, (StandingChange(ROMEO.account, Affiliation.MEMBER),))
        [write] = self.done(room.handle(change)).writes
        assert isinstance(write, SaveStanding)
        self.assertEqual(room.handle(change), Done())

    def test_too_many_sessions(self) -> None:
        room = room_with()
        for number in range(10):
            self.done(enter(room, Person(ROMEO.account, str(number))))
        eleventh = enter(room, Person(ROMEO.account, "11"))
        self.assertEqual(self.refused(eleventh), Reason.FULL)

    def test_occupant_ids_differ_by_room(self) -> None:
        one, other = room_with(), room_with()
        other.saved.secret = "another"
        self.assertNotEqual(one.id_of(ROMEO.account), other.id_of(ROMEO.account))

    def test_unknown_configuration(self) -> None:
        """What is stored of an option that is gone does not matter; nobody can set it."""
        room = room_with(gone="value")
        self.assertNotIn("gone", room.config)
        outcome = room.handle(Configure(OWNER, {"gone": "value"}))
        self.assertEqual(self.refused(outcome), Reason.BAD_CONFIG)

    def test_shutdown(self) -> None:
        room = room_with(persistent=True)
        enter(room, OWNER)
        done = self.done(room.handle(Shutdown()))
        [notice] = done.notices
        assert isinstance(notice.event, Left)
        self.assertEqual((notice.event.why, done.ended), (Why.SHUTDOWN, False))

    def test_lost(self) -> None:
        room = room_with(persistent=True)
        enter(room, OWNER)
        done = self.done(room.handle(Leave(OWNER, None, Why.LOST)))
        self.assertFalse(done.ended)
        self.assertEqual(room.handle(Leave(OWNER)), Done())

    def test_owner_no_longer(self) -> None:
        """Until a room is open only owners are inside, so who is none any more is out."""
        room = room_with()
        room.saved.locked = True
        enter(room, OWNER)
        self.done(
            room.handle(SetStandings(OWNER, (StandingChange(ROMEO.account, Affiliation.OWNER),)))
        )
        enter(room, ROMEO)
        gone = StandingChange(ROMEO.account, Affiliation.ADMIN)
        done = self.done(room.handle(SetStandings(OWNER, (gone,))))
        event = done.notices[0].event
        assert isinstance(event, Left)
        self.assertEqual((event.why, set(room.sessions)), (Why.AFFILIATION, {OWNER}))

    def test_wrong_password_is_no_matter_for_who_is_inside(self) -> None:
        room = room_with(password="pw")
        self.assertEqual(self.refused(enter(room, ROMEO)), Reason.BAD_PASSWORD)
        self.done(enter(room, ROMEO, password="pw"))
        self.done(room.handle(Enter(ROMEO, "romeo", HERE)))


class BesideTest(SynchronousTestCase):
    """What whoever runs the service does, what time does, what must be stored last."""

    def test_admins_stay_moderators(self) -> None:
        room = room_with()
        enter(room, OWNER)
        lower = SetRoles(ITSELF, (RoleChange("owner", Role.VISITOR),))
        self.assertEqual(room.handle(lower), Refused(Reason.OUTRANKED, "admins are moderators"))

    def test_last_of_several_changes_is_stored(self) -> None:
        """Also where an earlier one was the same."""
        room = room_with()
        kinds = Affiliation.MEMBER, Affiliation.NONE, Affiliation.MEMBER
        changes = [StandingChange("a@a.test", each) for each in kinds]
        done = room.handle(SetStandings(OWNER, tuple(changes)))
        assert isinstance(done, Done)
        last = done.writes[-1]
        assert isinstance(last, SaveStanding)
        self.assertEqual(last.standing, room.saved.standings["a@a.test"])

    def test_moderators_know_everybody(self) -> None:
        """Though nobody was told of addresses when the room was opened."""
        room = room_with()
        for person in (OWNER, ROMEO, JULIET):
            enter(room, person)
        room.handle(Configure(OWNER, {"identities": "everyone"}))
        done = room.handle(SetRoles(OWNER, (RoleChange("romeo", Role.MODERATOR),)))
        assert isinstance(done, Done)
        [told] = [each.event for each in done.notices if isinstance(each.event, Revealed)]
        self.assertEqual({each.nick for each in told.occupants}, {"owner", "juliet"})

    def test_what_is_not_due(self) -> None:
        """A room that its maker does not open ends in time, not before; an open one never does."""
        for locked, now, ended in (
            (True, 1099.0, False),
            (True, 1100.0, True),
            (False, 9e9, False),
        ):
            saved = Saved("room@rooms.test", OWNER.account, "secret", 1000.0, locked)
            saved.standings[OWNER.account] = Standing(Affiliation.OWNER)
            room = Room(saved, OPTIONS, lambda: now, str, unopened=100.0)  # noqa: B023
            enter(room, OWNER)
            self.assertEqual(room.wake_at(), 1100.0 if locked else None)
            done = room.handle(Tick())
            assert isinstance(done, Done)
            self.assertEqual((done.ended, bool(done.notices)), (ended, ended))
