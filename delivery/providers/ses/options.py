"""What an account at Amazon SES needs to be told."""

from __future__ import annotations

from typing import Annotated

import msgspec

from delivery.providers.email_message import Sender, check_sender


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`secret_access_key` (`…_file`, `…_env`) belongs to `access_key_id`, and `session_token` to both where they are
    lent; without an `access_key_id` boto3 looks where it always does: the machine's role, its profile. Receipts need a
    `configuration_set` whose events go to SNS. `streams` bounds the calls under way. `endpoint_url` and `ca_file` are
    given where AWS isn't reached directly.
    """

    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    from_email: str
    reply_to: str = ""
    unsubscribe_url: str = ""
    configuration_set: str = ""
    access_key_id: str = ""
    secret_access_key_file: str = ""
    secret_access_key_env: str = ""
    session_token_file: str = ""
    session_token_env: str = ""
    streams: Annotated[int, msgspec.Meta(ge=1, le=200)] = 16
    endpoint_url: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        check_sender(self.sender)

    @property
    def sender(self) -> Sender:
        """Whom mails come from."""
        return Sender(from_email=self.from_email, reply_to=self.reply_to, unsubscribe_url=self.unsubscribe_url)
