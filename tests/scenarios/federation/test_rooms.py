"""Rooms with people from two servers: those of ours with guests, those of others with ours."""

import shutil
import traceback
from typing import ClassVar

from tests.scenarios.federation import case
from tests.scenarios.federation.ejabberd import Ejabberd
from tests.scenarios.federation.ours import Ours, Split
from tests.scenarios.federation.party import Party
from tests.scenarios.federation.place import await_true, rooms_of
from tests.scenarios.federation.prosody import Prosody
from tests.scenarios.federation.rooms import play_in_room
from tests.scenarios.federation.security import Security


class OurRooms(Ours):
    """A server of ours that has rooms."""

    def start(self) -> None:
        certificates = self.folder / "data" / "certificates"
        certificates.mkdir(parents=True, mode=0o700)
        shutil.copy(self.certificate.both, certificates / f"{rooms_of(self.domain)}.pem")
        super().start()

    def settings(self) -> str:
        return f'[muc]\ndomain = "{rooms_of(self.domain)}"\n{super().settings()}'


class SplitRooms(OurRooms, Split):
    """The same in five processes."""

    layout = ("xmpp-router", "xmpp-sm", "xmpp-muc", "xmpp-c2s", "xmpp-s2s")
    linked = (*Split.linked, "muc-1")


class RoomsMeeting(case.Meeting):
    """Two servers with rooms."""

    def play_in_rooms(self, *kinds: type[Party], believed: bool = True) -> Party:
        """Have people meet in a room of each; gives the second server."""
        first, second = self.meet(Security(believed), (kinds[0], kinds[1]))
        one, other = self.person(first), self.person(second)
        try:
            play_in_room(one, other, f"cave@{rooms_of(first.domain)}")
            play_in_room(other, one, f"cave@{rooms_of(second.domain)}")
        except Exception as problem:
            logs = [f"{each.domain}:\n{each.logged()[-4_000:]}" for each in (first, second)]
            where = "".join(traceback.format_exception(problem))
            raise AssertionError("\n".join([where, *logs])) from problem
        return second


class RoomsTest(RoomsMeeting):
    kinds: ClassVar[case.Kinds] = (OurRooms, Prosody)

    def test_prosody(self) -> None:
        self.play_in_rooms(OurRooms, Prosody)

    def test_ejabberd(self) -> None:
        self.play_in_rooms(OurRooms, Ejabberd)

    def test_pairs_of_domains_on_one_stream(self) -> None:
        """Ours with their rooms, and our rooms with theirs: by a key each (XEP-0220, 2.6)."""
        second = self.play_in_rooms(OurRooms, Ejabberd, believed=False)
        assert isinstance(second, Ejabberd)
        await_true(lambda: len(second.taken()) == 2, second.logged)  # it logs a little later
        self.assertEqual(len(set(second.taken())), 1, second.logged())

    def test_split(self) -> None:
        self.play_in_rooms(SplitRooms, Prosody)
