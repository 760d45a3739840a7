"""Send notifications through the notification platform, and follow what becomes of them.

from notification_platform import Client

with Client() as client:  # NOTIFY_API, NOTIFY_TOKEN
    accepted = client.send("order_shipped", user="usr_42", data={"tracking_number": "TR1"})
    print(client.wait(accepted.notification_id).channels)
"""

from notification_platform.answers import Accepted, NotificationStatus, TimelineEntry
from notification_platform.batch import AsyncBatch, Batch
from notification_platform.calls.batches import Result
from notification_platform.calls.event import Event
from notification_platform.calls.users import UNSET
from notification_platform.client import AsyncClient, Client
from notification_platform.errors import (
    BadAnswer,
    BadSignature,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotConfigured,
    NotFound,
    NotInTime,
    PlatformError,
    RateLimited,
    Refused,
    ServerFault,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    Unreachable,
)
from notification_platform.people import QuietHours
from notification_platform.retrying import Retries
from notification_platform.webhooks import Receiver

__all__ = [
    "UNSET",
    "Accepted",
    "AsyncBatch",
    "AsyncClient",
    "BadAnswer",
    "BadSignature",
    "Batch",
    "Client",
    "Conflict",
    "Event",
    "Forbidden",
    "InvalidRequest",
    "NotConfigured",
    "NotFound",
    "NotInTime",
    "NotificationStatus",
    "PlatformError",
    "QuietHours",
    "RateLimited",
    "Receiver",
    "Refused",
    "Result",
    "Retries",
    "ServerFault",
    "TimelineEntry",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Unprocessable",
    "Unreachable",
]
