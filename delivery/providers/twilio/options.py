"""What an account at Twilio needs to be told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

BASE_URL = "https://api.twilio.com"
SidPattern = Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2}[0-9a-f]{32})?$")]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who sends, and how (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource).

    `auth_token_file` or `auth_token_env` holds the account's token, or the secret of the API key `api_key_sid`. One of
    `messaging_service_sid` and `from_number` says who sends. `status_callback` is the address that receipts are posted
    to: ours under `/webhooks/twilio`. `price` is that of one segment in `currency`, for the cost of a message;
    `max_segments` refuses longer ones (0: as long as Twilio takes them). `streams` bounds the calls under way.
    """

    account_sid: Annotated[str, msgspec.Meta(pattern=r"^AC[0-9a-f]{32}$")]
    auth_token_file: str = ""
    auth_token_env: str = ""
    api_key_sid: SidPattern = ""
    messaging_service_sid: SidPattern = ""
    from_number: str = ""
    status_callback: str = ""
    price: Decimal = Decimal("0")
    currency: str = "USD"
    max_segments: Annotated[int, msgspec.Meta(ge=0)] = 0
    streams: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 64
    base_url: str = BASE_URL
    ca_file: str = ""

    def __post_init__(self) -> None:
        if bool(self.messaging_service_sid) == bool(self.from_number):
            raise ValueError("give one of messaging_service_sid and from_number")
        if self.status_callback and not urlsplit(self.status_callback).hostname:
            raise ValueError("status_callback has to be a whole address: https://…/webhooks/twilio")
