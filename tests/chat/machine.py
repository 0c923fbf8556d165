"""Many random lives of rooms.

python -m tests.chat.machine --histories 100000

Where each of the 26 invariants of rooms is looked at:

== ============================================ ===================================================
 1 sessions and stays are inverse               `states.check_sessions`
 2 nicks unique, visible, reserved ones worn    `states.check_sessions`
   by their holders
 3 nobody inside who would not be let in        `states.check_people`, `NaivePeople.check`
 4 who is inside has a role, admins moderate    `states.check_people`, `NaivePeople.check`
 5 affiliations: bare accounts, an owner        `states.check_standings`
 6 an empty room ends, a locked one is its      `states.check_state`, `states.check_people`,
   owners' alone                                `Life.do` (ended as the naive one)
 7 bounds of occupants, history, memory         `NaiveRoom.may_Enter`, `states.check_state`
 8 what is refused changes nothing              `Life.do`
 9 same state, same outcome, in any order       `Life.agree` (`Rooms.made_otherwise`)
10 told are those inside and those addressed    `Outcomes.check_notices`, `Audience`
11 no addresses for who may not see them        `Outcomes.check_sight`; as bytes, with archive:
                                                `tests.muc.test_secrecy`
12 views converge, addresses of moderators too  `Life.check_ears` (`View`, `Ear.knows`)
13 one Left for each Entered                    `View` raises; `Audience`: why
14 order; newcomers miss nothing, twice nothing `Outcomes.check_history`, `Life.check_ears`
15 kept once, under ids that always grow        `Outcomes.check_said`, `Disk.take`, `Ids`
16 authors get back what they say               `Outcomes.check_said`
17 nobody gains power by themselves             `Outcomes.check_power`, `NaiveRuling`
18 what is so already is done, silently         `Life.repeat`; all or nothing: 8
19 what was taken back is gone                  `Outcomes.check_kinds`, `Life.check_disk`
20 content as it was sent                       `Outcomes.check_message`; as bytes:
                                                `tests.muc.test_verbatim`
21 three notices for an event at most           `Outcomes.check_notices`
22 options at defaults change nothing           `asleep` in `Life.agree`, `test_room_machine`
23 what is not due is not done                  `Life.tick`
24 a room that is loaded answers as before      `states.check_again`, `Life.check_disk`, `Life.die`
25 who comes and goes leaves nothing            `Life.look_in`
26 a ping says who is there                     `NaivePeople.check` (`Room.wears`); over XMPP:
                                                `tests.fuzz.rooms`
== ============================================ ===================================================

Rooms are loaded from what their writes have stored; their process dies before a write and between
a write and its notices; clocks go backwards.

7: no option has a memory of its own. 12: who is inside when a room is opened learns each address
with the next presence of its owner (they were warned by status 172); moderators know all. 24: who
is inside again after a crash does not learn of a topic or a configuration that was stored and not
told.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterator
from random import Random

from tests.chat.life import Life, live

LONGEST = 60
"""Steps of a history; on the average half as many."""


def history(seed: int, kind: type[Life] = Life) -> int:
    """One history, the same for the same seed; gives its steps."""
    random = Random(seed)
    steps = random.randint(1, LONGEST)
    live(random, steps, kind)
    return steps


def failures(seeds: range) -> Iterator[tuple[int, BaseException]]:
    """Seeds whose histories show something broken."""
    for seed in seeds:
        try:
            history(seed)
        except Exception as problem:
            yield seed, problem


def main() -> None:
    parser = argparse.ArgumentParser(description="Put rooms through random histories.")
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0, help="the first one's")
    asked = parser.parse_args()
    os.nice(10)
    seeds = range(asked.seed, asked.seed + asked.histories)
    begun, broken = time.process_time(), 0
    for seed, problem in failures(seeds):
        broken += 1
        where = "".join(traceback.format_tb(problem.__traceback__)[-3:])
        print(f"seed {seed}: {problem!r}"[:2_000], where, sep="\n")
        if broken == 10:
            break
    spent = time.process_time() - begun
    print(f"{asked.histories} histories, {broken} of them broken, {spent:.0f} s of CPU")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
