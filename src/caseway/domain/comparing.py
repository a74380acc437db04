"""All open cases against Creatio's, once a night: what differs is looked at again. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from caseway.domain.conversation import Hint
from caseway.domain.ids import ActivityId, CaseId, ConversationKey, StatusId
from caseway.domain.remote import Listing


@dataclass(frozen=True, slots=True)
class OpenCase:
    """As our rows tell it."""

    key: ConversationKey
    case: CaseId
    agreed_status: StatusId | None
    has_activities: bool


def differences(
    ours: Sequence[OpenCase], theirs: Listing, linked: Collection[ActivityId]
) -> dict[ConversationKey, int]:
    """What is worth reading again, by conversation.

    `linked`: activities of the listing that are proven in our links. One that is not may be a
    reply that no sweep saw, for it became visible too late, or a colleague's task: the look says.
    """
    shown = {one.case: 0 for one in ours}
    found = dict.fromkeys((one.case for one in ours), 0)
    for activity, case in theirs.activities.items():
        if case not in found:
            continue
        shown[case] += 1
        if activity not in linked:
            found[case] |= Hint.ACTIVITIES | Hint.WHOLE
    for one in ours:
        if theirs.statuses.get(one.case) != one.agreed_status:  # a case that is gone has none
            found[one.case] |= Hint.CASE
        if one.has_activities and not shown[one.case]:
            found[one.case] |= Hint.ACTIVITIES | Hint.WHOLE
    return {one.key: found[one.case] for one in ours if found[one.case]}
