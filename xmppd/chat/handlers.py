"""Which function carries out which command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xmppd.chat import (
    affiliations,
    commands,
    configuring,
    entering,
    leaving,
    moderating,
    readmitting,
    registering,
    roles,
    talking,
    waking,
)

HANDLERS: Mapping[type, Callable[[Any, Any, Any], None]] = {
    commands.Enter: entering.enter,
    commands.Leave: leaving.leave,
    commands.Lose: leaving.lose,
    commands.ShowPresence: entering.show_presence,
    commands.Rename: entering.rename,
    commands.Shutdown: leaving.shut_down,
    commands.Readmit: readmitting.readmit,
    commands.Say: talking.say,
    commands.Whisper: talking.whisper,
    commands.SetTopic: talking.set_topic,
    commands.Retract: moderating.retract,
    commands.Moderate: moderating.moderate,
    commands.Invite: talking.invite,
    commands.Decline: talking.decline,
    commands.RequestVoice: talking.request_voice,
    commands.Register: registering.register,
    commands.Unregister: registering.unregister,
    commands.SetStandings: affiliations.set_standings,
    commands.SetRoles: roles.set_roles,
    commands.Configure: configuring.configure,
    commands.SetCard: configuring.set_card,
    commands.Destroy: configuring.destroy,
    commands.Tick: waking.tick,
}
