"""From an order to the mail that SES is given, with what its events will bring back. Pure.

Metadata goes out as a header (X-Metadata), message tags with the call; events carry both, and tags outlive a header
that was cut off (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).
"""

from __future__ import annotations

import re
from typing import Any

from django.core.mail import EmailMultiAlternatives

from delivery.providers import email_message
from delivery.providers.port import Order
from delivery.providers.ses.options import Options

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html
_TAG = re.compile(r"^[A-Za-z0-9_.@-]{1,256}$")


def message(order: Order, options: Options) -> EmailMultiAlternatives:
    """The mail. Raises PermanentForAddress and PermanentForMessage, as `email_message.message` does."""
    found: Any = email_message.message(order, options.sender)
    known = {"notification_id": order.notification_id, "send_id": order.send.id, "user": order.user}
    found.metadata = known
    found.tags = [order.type]
    found.esp_extra = {"EmailTags": _tags({**known, "type": order.type})}
    mail: EmailMultiAlternatives = found
    return mail


def _tags(known: dict[str, str]) -> list[dict[str, str]]:
    """Those that SES takes as tags; a user's id may have letters that it doesn't."""
    return [{"Name": name, "Value": value} for name, value in known.items() if _TAG.match(value)]
