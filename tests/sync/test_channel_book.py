"""How a channel fares, as its page tells it."""

from datetime import timedelta

from caseway.store.channel_book import PostgresChannelBook
from caseway.store.secrets import Secrets, new_key
from tests.stories import Story
from tests.sync.scenarios import begun


async def told(story: Story) -> str:
    book = PostgresChannelBook(story.web, Secrets([new_key()]))
    [channel] = await book.all(story.connection.organisation)
    return channel.traffic.trouble


async def reply_to(story: Story, peer: str) -> None:
    case = await begun(story, peer=peer)
    story.creatio.agent_replies(case, "We order new pads")
    await story.webhook(case)
    await story.work()


async def test_the_trouble_is_that_of_the_last_attempt(story: Story) -> None:
    story.postbox.fate = lambda: "busy"
    await reply_to(story, "customer-1")
    for _ in range(8):
        await story.pass_time(timedelta(hours=1))
        await story.work()
    assert await told(story) == "the channel answered 429"

    # The other one is tried again much later, and says what was wrong before.
    story.postbox.fate = lambda: "lost before"
    await reply_to(story, "customer-2")
    assert await told(story) == "timed out"
