"""The line that goes into the pages that show a widget: it names the channel and nothing else.

What its settings say, the widget asks for when it opens: a change of them changes no page.
"""

from caseway.domain.ids import ChannelId


def snippet(public_url: str, channel: ChannelId) -> str:
    return f'<script src="{public_url}/widget.js" data-channel="{channel}"></script>'
