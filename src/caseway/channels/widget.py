"""The web widget: the commit itself shows a reply, so there is nothing to send.

The browsers that are open read it from the stream; their acknowledgement makes it delivered.
"""

from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import Event
from caseway.ports import Outgoing


class WidgetChannel:
    @property
    def kind(self) -> str:
        return "widget"

    def recognises_repeats(self, account: ChannelAccount) -> bool:
        """A message is shown once, whatever is sent: it is a row."""
        del account
        return True

    async def send(self, account: ChannelAccount, outgoing: Outgoing) -> Event:
        del account, outgoing
        return Event.ACCEPTED
