"""The API channel: a signed callback to the program that speaks with the customer.

Signed by Standard Webhooks (https://www.standardwebhooks.com): `webhook-id` is the delivery's id,
the same on every attempt, so that a receiver which remembers it drops repeats. While a replaced
secret holds, a callback carries both signatures: a receiver takes it if any of them is right.
Whatever is not a 2xx is tried again for days: a receiver that is being deployed may answer
anything.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook
from yarl import URL

from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import Event, Kind
from caseway.outbound import AddressRefused, Answer, NoAnswer, NotReached, Outside, TooLarge
from caseway.ports import CALL_TIMEOUT, Later, Outgoing, Refused, Tried

LIMIT_BYTES: Final = 64 * 1024  # of an answer that nobody reads
NO_URL: Final = (
    "A callback address begins with https://, for example https://shop.example.com/caseway"
)
_NOT_TAKEN: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422, 425, 429})
_WRONG_SECRET: Final = (
    "The receiver does not accept our signature, or wants an authorisation of its own: give it the "  # noqa: S105
    "channel's signing secret, or make a new one, under {page}."
)
_WRONG_URL: Final = "Check the callback URL under {page}."
_REMEDIES: Final = {
    401: _WRONG_SECRET,
    403: _WRONG_SECRET,
    404: f"Nothing answers at this address. {_WRONG_URL}",
    405: f"This address takes no POST. {_WRONG_URL}",
    410: "The receiver says that this address is gone for good. Enter the new callback URL under "
    "{page}.",
    408: "The receiver waited too long for our words: look into its log.",
    413: "The receiver takes no body of this length: raise its limit.",
    429: "The receiver asks us to slow down: we try again after its Retry-After, and less and less "
    "often without one.",
}
_SILENT: Final = (
    f"A receiver has {CALL_TIMEOUT.total_seconds():.0f} s: let it answer 2xx first and work"
    " afterwards. We try again by ourselves."
)
_TOO_LONG: Final = "Let the receiver answer with few words or none: nobody reads them."


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
        if not account.settings.callback_url:  # fetched by the API: the commit itself shows it
            return Event.ACCEPTED
        answer = await self._post(account, str(outgoing.id), content(outgoing))
        if 200 <= answer.status < 300:
            return Event.CONFIRMED
        raise Later(
            f"the callback answered {answer.status}",
            maybe_taken=answer.status not in _NOT_TAKEN,
            retry_after=answer.retry_after,
            remedy=remedy(answer.status, account),
        )

    async def admit(self, url: str) -> None:
        """A name that is not found is no reason: the receiver may be set up later."""
        try:
            await self._outside.addresses(_parsed(url, NO_URL))
        except Later:
            raise Refused(NO_URL) from None
        except AddressRefused as refusal:
            reason = str(refusal)
            raise Refused(f"{reason[:1].upper()}{reason[1:]}. {refusal.remedy}") from refusal
        except NotReached:
            return

    async def send_test(self, account: ChannelAccount) -> Tried:
        """A receiver answers 2xx to an event that it does not know, or at least to this one."""
        body = msgspec.json.encode({"type": "test", "data": {"channel": account.name}})
        begun = time.monotonic()
        status, reason, advice = None, "", ""
        try:
            answer = await self._post(account, f"test_{uuid4()}", body)
        except Later as failure:
            reason, advice = str(failure), failure.remedy
        else:
            status = answer.status
            if not 200 <= status < 300:
                reason, advice = f"the callback answered {status}", remedy(status, account)
        elapsed = timedelta(seconds=time.monotonic() - begun)
        return Tried(status, reason, advice, elapsed)

    async def _post(self, account: ChannelAccount, id: str, body: bytes) -> Answer:
        """Any answer. Raises `Later` where there is none."""
        advice = _WRONG_URL.format(page=_page(account))
        url = _parsed(account.settings.callback_url, advice)
        try:
            return await self._outside.ask(
                "POST",
                url,
                headers=self._signed(account, id, body),
                body=body,
                within_seconds=CALL_TIMEOUT.total_seconds(),
                limit_bytes=LIMIT_BYTES,
            )
        except NotReached as error:
            raise Later(str(error), maybe_taken=False, remedy=error.remedy or advice) from error
        except NoAnswer as error:
            advice = _TOO_LONG if isinstance(error, TooLarge) else _SILENT
            raise Later(str(error), maybe_taken=True, remedy=advice) from error

    def _signed(self, account: ChannelAccount, id: str, body: bytes) -> dict[str, str]:
        now = self._now()
        try:
            signers = [Webhook(secret.reveal()) for secret in account.secrets(now=now)]
            signatures = [signer.sign(id, now, body.decode()) for signer in signers]
        except (ValueError, EmptyWebhookSecretError):
            signatures = []
        if not signatures:
            raise Later(
                "the channel has no usable signing secret",
                maybe_taken=False,
                remedy=f"Make a new signing secret under {_page(account)}.",
            )
        return {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def remedy(status: int, account: ChannelAccount) -> str:
    """What a person may do about an answer that is none of 2xx."""
    page = _page(account)
    if status >= 500:
        return "The receiver failed on its own side: look into its log. We try again by ourselves."
    if 300 <= status < 400:
        return f"It redirects, and redirects are not followed: enter the last address under {page}."
    advice = _REMEDIES.get(status, f"{_WRONG_URL} It must answer 2xx.")
    return advice.format(page=page)


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


def _page(account: ChannelAccount) -> str:
    return f"Settings → Channels → {account.name}"


def _parsed(url: str, advice: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in {"https", "http"} or not parsed.host:
        raise Later("the callback URL is not one", maybe_taken=False, remedy=advice)
    return parsed
