"""What came of past deliveries, by the day: for segments. Written by the tracker in batches, never read by it."""

from __future__ import annotations

from django.db import models

from preferences.models.user import CHANNEL_CHOICES


class DeliverySummary(models.Model):
    """The last day on which something of `type` was sent to `user` on `channel`, was read there, or failed there.

    Days, not times: a second notification on the same day changes nothing, and so costs nothing. `user` is the
    company's id, as everywhere on the log: the tracker needs no look at the users. Days are UTC.
    """

    pk = models.CompositePrimaryKey("user", "type", "channel")
    user = models.CharField(max_length=128)
    type = models.CharField(max_length=100)
    channel = models.CharField(max_length=16, choices=CHANNEL_CHOICES)
    sent_on = models.DateField(null=True)
    engaged_on = models.DateField(null=True)
    failed_on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.user}: {self.type} on {self.channel}"
