"""What a Web Push account is told: who sends, with which key, and whose word counts for all."""

from __future__ import annotations

from typing import Annotated

import msgspec

# The push services of Chrome and Edge, Firefox, Safari, and Edge on Windows; a host below one of them is its.
KNOWN_SERVICES = ("fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com")
# RFC 8292, 2.1; Safari's service refuses addresses at localhost, py-vapid a path.
_CONTACT = r"^(mailto:[^@\s]+@[\w-]+(\.[\w-]+)+|https://[\w-]+(\.[\w-]+)+)$"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`subject` is whom a push service may write to, `private_key` (`private_key_file`, `private_key_env`) the VAPID
    key, in PEM or as 32 bytes in base64url.

    What a service of `services` says of waits and keys is heeded for the whole account; what another says, as anybody
    may register one, concerns its own address alone. `allow_private` lets endpoints lead into this network and to
    plain http. `streams` bounds what a batch has under way.
    """

    subject: Annotated[str, msgspec.Meta(pattern=_CONTACT)]
    private_key_file: str = ""
    private_key_env: str = ""
    services: tuple[str, ...] = KNOWN_SERVICES
    allow_private: bool = False
    ca_file: str = ""
    streams: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100

    def knows(self, host: str) -> bool:
        """Whether `host` is one of the known services'."""
        return any(host == service or host.endswith(f".{service}") for service in self.services)
