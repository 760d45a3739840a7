"""What an account at a mail server needs to be told."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from delivery.providers.email_message import Sender, check_sender

STARTTLS, TLS, NONE = "starttls", "tls", "none"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which server, and who writes. `security` is how the connection is protected: "starttls" (port 587), "tls" (465)
    or "none"; `ca_file` says whom to trust where the system doesn't. With a `username` its password is in
    `password_file` or `password_env`. `unsubscribe_url`, with {token} in it, is given where another
    address than web's takes the one click.
    """

    host: Annotated[str, msgspec.Meta(min_length=1)]
    from_email: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password_file: str = ""
    password_env: str = ""
    reply_to: str = ""
    unsubscribe_url: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        check_sender(self.sender)
        if self.username and self.security == NONE:
            raise ValueError("security has to be starttls or tls where a username is given")

    @property
    def sender(self) -> Sender:
        """Whom mails come from."""
        return Sender(from_email=self.from_email, reply_to=self.reply_to, unsubscribe_url=self.unsubscribe_url)
