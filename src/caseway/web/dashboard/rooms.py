"""All rooms of the dashboard, put together."""

from starlette.routing import Route

from caseway.web import assets
from caseway.web.dashboard import alone
from caseway.web.dashboard.account import AccountPages
from caseway.web.dashboard.audit import AuditPages
from caseway.web.dashboard.channel import ChannelPages
from caseway.web.dashboard.channels import ChannelsPages
from caseway.web.dashboard.conversation import ConversationPage
from caseway.web.dashboard.conversation_deeds import ConversationDeeds
from caseway.web.dashboard.creatio.integration import IntegrationPages
from caseway.web.dashboard.creatio.ticketing import TicketingPages
from caseway.web.dashboard.doors import Doors
from caseway.web.dashboard.entrance import Entrance
from caseway.web.dashboard.events.pages import EventsPages
from caseway.web.dashboard.events.replays import ReplayPages
from caseway.web.dashboard.inbox import InboxPages
from caseway.web.dashboard.keys import KeysPages
from caseway.web.dashboard.more import MorePages
from caseway.web.dashboard.passwords import Passwords
from caseway.web.dashboard.reply_rule import ReplyRulePages
from caseway.web.dashboard.single_sign_on import SingleSignOn
from caseway.web.dashboard.team import TeamPages
from caseway.web.dashboard.welcome import Welcome
from caseway.web.parts import Parts


def routes(parts: Parts) -> list[Route]:
    doors, passwords = Doors(parts), Passwords()
    single = parts.sign_on
    return [
        *(SingleSignOn.of(parts, doors, single).routes() if single else []),
        *Entrance(parts, doors, passwords).routes(),
        *Welcome(parts, doors, passwords).routes(),
        *TicketingPages(parts, doors).routes(),
        *IntegrationPages(parts, doors).routes(),
        *MorePages(doors).routes(),
        *TeamPages(parts, doors).routes(),
        *AuditPages(parts, doors).routes(),
        *EventsPages(parts, doors).routes(),
        *ReplayPages(parts, doors).routes(),
        *AccountPages(parts, doors, passwords).routes(),
        *ReplyRulePages(parts, doors).routes(),
        *ChannelsPages(parts, doors).routes(),
        *ChannelPages(parts, doors).routes(),
        *KeysPages(parts, doors).routes(),
        *InboxPages(parts, doors).routes(),
        *ConversationPage(parts, doors).routes(),
        *ConversationDeeds(parts, doors).routes(),
        *assets.routes(alone.ASSETS),
    ]
