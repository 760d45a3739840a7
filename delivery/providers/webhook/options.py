"""What an account of the webhook provider needs to be told."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`url` is the one receiver of all sends; without it each send's address is the receiver's own. `secret`
    (`secret_file`, `secret_env`) signs, as "whsec_…" in base64. `allow_private` lets calls go to this network and to
    plain http: only where every receiver is ours. Of an answer at most `answer_max_bytes` are read.
    `streams` bounds the calls under way: each has a connection, and httpcore looks at all of them at every call, so
    that more pay only where receivers take long.
    """

    url: str = ""
    secret_file: str = ""
    secret_env: str = ""
    allow_private: bool = False
    streams: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 16
    answer_max_bytes: Annotated[int, msgspec.Meta(ge=0)] = 16 * 1024
    ca_file: str = ""
