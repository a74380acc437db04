"""The API channel: a signed callback to the program that speaks with the customer.

Signed by Standard Webhooks (https://www.standardwebhooks.com): `webhook-id` is the delivery's id,
the same on every attempt, so that a receiver which remembers it drops repeats. Whatever is not a
2xx is tried again for days: a receiver that is being deployed may answer anything.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook
from yarl import URL

from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import Event, Kind
from caseway.domain.secret import Secret
from caseway.outbound import NoAnswer, NotReached, Outside
from caseway.ports import CALL_TIMEOUT, Later, Outgoing

LIMIT_BYTES: Final = 64 * 1024  # of an answer that nobody reads
_NOT_TAKEN: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422, 425, 429})


class ApiChannel:
    def __init__(self, outside: Outside, *, now: Callable[[], datetime]) -> None:
        self._outside = outside
        self._now = now

    @property
    def kind(self) -> str:
        return "api"

    def recognises_repeats(self, account: ChannelAccount) -> bool:
        return account.settings.recognises_repeats

    async def send(self, account: ChannelAccount, outgoing: Outgoing) -> Event:
        settings = f"Channels → {account.name}"
        url = account.settings.callback_url
        if not url:  # fetched by the API: the commit itself shows it there
            return Event.ACCEPTED
        body = content(outgoing)
        try:
            answer = await self._outside.ask(
                "POST",
                _parsed(url, settings),
                headers=self._signed(account.secret, outgoing, body, settings),
                body=body,
                within_seconds=CALL_TIMEOUT.total_seconds(),
                limit_bytes=LIMIT_BYTES,
            )
        except NotReached as error:
            remedy = error.remedy or f"Check the callback URL under {settings}."
            raise Later(str(error), maybe_taken=False, remedy=remedy) from error
        except NoAnswer as error:
            raise Later(str(error), maybe_taken=True) from error
        if 200 <= answer.status < 300:
            return Event.CONFIRMED
        raise Later(
            f"the callback answered {answer.status}",
            maybe_taken=answer.status not in _NOT_TAKEN,
            retry_after=answer.retry_after,
            remedy=f"Check the callback URL under {settings}: it must answer 2xx."
            if answer.status < 500
            else "",
        )

    def _signed(
        self, secret: Secret | None, outgoing: Outgoing, body: bytes, settings: str
    ) -> dict[str, str]:
        now = self._now()
        try:
            signer = Webhook(secret.reveal() if secret else "")
            signature = signer.sign(str(outgoing.id), now, body.decode())
        except (ValueError, EmptyWebhookSecretError):
            raise Later(
                "the channel has no usable signing secret",
                maybe_taken=False,
                remedy=f"Make a new signing secret under {settings}.",
            ) from None
        return {
            "Content-Type": "application/json",
            "webhook-id": str(outgoing.id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }


def content(outgoing: Outgoing) -> bytes:
    """The callback's body; `possible_double` stands in it only where it is true."""
    told: dict[str, object] = {"conversation_id": outgoing.conversation}
    if outgoing.kind is Kind.MESSAGE or outgoing.text:
        told["message"] = {
            "id": outgoing.message,
            "author": outgoing.author,
            "author_name": outgoing.author_name,
            "text": outgoing.text,
            "created_at": outgoing.written_at.astimezone(UTC),
        }
    if outgoing.possible_double:
        told["possible_double"] = True
    event = "message.created" if outgoing.kind is Kind.MESSAGE else "conversation.resolved"
    return msgspec.json.encode({"type": event, "data": told})


def _parsed(url: str, settings: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in {"https", "http"} or not parsed.host:
        raise Later(
            "the callback URL is not one",
            maybe_taken=False,
            remedy=f"Enter a callback URL that begins with https:// under {settings}.",
        )
    return parsed
