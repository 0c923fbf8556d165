"""Who may do what: the one table of rights, and the rules about those it is done to."""

from collections.abc import Mapping
from enum import Enum, auto

from xmppd.chat.model import Affiliation, Occupant, Role


class Right(Enum):
    """What can be allowed or not."""

    ENTER = auto()
    HAVE_VOICE = auto()
    """To be a participant from the start."""
    WHISPER = auto()
    SAY = auto()
    SET_TOPIC = auto()
    INVITE = auto()
    INVITE_MEMBERS = auto()
    """To invite to a members-only room."""
    SEE_ADDRESSES = auto()
    SEE_UNSEEN = auto()
    """To see those whose presence is not broadcast."""
    GIVE_VOICE = auto()
    """And to kick."""
    GIVE_MODERATOR = auto()
    EDIT_MEMBERS = auto()
    """And outcasts."""
    EDIT_ADMINS = auto()
    """And owners."""
    READ_VOICES = auto()
    READ_MODERATORS = auto()
    READ_OUTCASTS = auto()
    READ_MEMBERS = auto()
    READ_ADMINS = auto()
    SEE_MEMBERS = auto()
    """To read the list of members while being inside."""
    REGISTER = auto()
    CONFIGURE = auto()
    MODERATE = auto()
    """To take back what others say."""
    READ_ARCHIVE = auto()
    """From outside; whoever is inside may."""


Need = Role | Affiliation

NEEDS: Mapping[Right, Need] = {
    Right.ENTER: Affiliation.NONE,
    Right.HAVE_VOICE: Affiliation.NONE,
    Right.WHISPER: Role.VISITOR,
    Right.SAY: Role.PARTICIPANT,
    Right.SET_TOPIC: Role.MODERATOR,
    Right.INVITE: Role.VISITOR,
    Right.INVITE_MEMBERS: Affiliation.ADMIN,
    Right.SEE_ADDRESSES: Role.MODERATOR,
    Right.SEE_UNSEEN: Role.MODERATOR,
    Right.GIVE_VOICE: Role.MODERATOR,
    Right.GIVE_MODERATOR: Affiliation.ADMIN,
    Right.EDIT_MEMBERS: Affiliation.ADMIN,
    Right.EDIT_ADMINS: Affiliation.OWNER,
    Right.READ_VOICES: Role.MODERATOR,
    Right.READ_MODERATORS: Affiliation.ADMIN,
    Right.READ_OUTCASTS: Affiliation.ADMIN,
    Right.READ_MEMBERS: Affiliation.ADMIN,
    Right.READ_ADMINS: Affiliation.OWNER,
    Right.SEE_MEMBERS: Affiliation.ADMIN,
    Right.REGISTER: Affiliation.NONE,
    Right.CONFIGURE: Affiliation.OWNER,
    Right.MODERATE: Role.MODERATOR,
    Right.READ_ARCHIVE: Affiliation.NONE,
}
"""What is needed for each right, unless an option says otherwise."""


def first_role(affiliation: Affiliation, voice: bool) -> Role:
    """The role of somebody who comes; `voice`: they have the right to speak from the start."""
    if affiliation >= Affiliation.ADMIN:
        return Role.MODERATOR
    return Role.PARTICIPANT if voice else Role.VISITOR


def role_after(role: Role, old: Affiliation, new: Affiliation, first: Role) -> Role:
    """The role of somebody inside whose affiliation changes; `first` is that of who comes so."""
    if new > old:
        return max(role, first)
    if old >= Affiliation.ADMIN:
        return first
    return role


def list_right(listed: Role | Affiliation) -> Right:
    """What it takes to read the list of those who have that role or affiliation."""
    if isinstance(listed, Role):
        return Right.READ_MODERATORS if listed is Role.MODERATOR else Right.READ_VOICES
    if listed is Affiliation.OUTCAST:
        return Right.READ_OUTCASTS
    return Right.READ_MEMBERS if listed is Affiliation.MEMBER else Right.READ_ADMINS


def role_right(old: Role, new: Role) -> Right:
    """What it takes to give somebody that role."""
    if new is not Role.NONE and Role.MODERATOR in (old, new):
        return Right.GIVE_MODERATOR
    return Right.GIVE_VOICE


def outranks_for_role(actor: Occupant, target: Occupant, new: Role) -> bool:
    """Whether somebody who has the right may use it on that occupant."""
    if new is Role.NONE:
        if target.role is Role.MODERATOR and actor.affiliation < Affiliation.ADMIN:
            return False
        return target.affiliation <= actor.affiliation
    if new >= target.role:
        return True
    if target.affiliation >= Affiliation.ADMIN:
        return False
    return target.role is Role.MODERATOR or (
        target.affiliation < actor.affiliation
        or (target.affiliation is Affiliation.NONE and actor.affiliation is Affiliation.NONE)
    )


def affiliation_right(old: Affiliation, new: Affiliation) -> Right:
    """What it takes to give somebody that affiliation."""
    return Right.EDIT_ADMINS if max(old, new) >= Affiliation.ADMIN else Right.EDIT_MEMBERS
