"""The tables of the SQL engine (contract §6), in the database "store".

Written by notifications.store.sql in batches; keys are computed elsewhere, so every write can be made again.
"""

from __future__ import annotations

from django.db import models

ID_LENGTH = 64
USER_LENGTH = 255
NAME_LENGTH = 100


class InboxItem(models.Model):
    """A row of an inbox as it was delivered: never changed. `content` is the JSON of `Content`; times are ms."""

    id = models.CharField(primary_key=True, max_length=ID_LENGTH)
    user = models.CharField(max_length=USER_LENGTH)
    at = models.BigIntegerField()
    type = models.CharField(max_length=NAME_LENGTH)
    category = models.CharField(max_length=NAME_LENGTH)
    priority = models.CharField(max_length=16)
    content = models.BinaryField()
    expires_at = models.BigIntegerField(null=True)
    stored_at = models.BigIntegerField()

    class Meta:
        db_table = "notifications_by_user"
        indexes = [models.Index("user", models.F("at").desc(), name="inbox_newest_first")]


class ReadState(models.Model):
    """The exceptions: one row for each notification whose read state was set by itself.

    Each part is a stamp (notifications.store.readstate): time and value in one number, 0 where it was never set.
    """

    row = models.OneToOneField(
        InboxItem,
        primary_key=True,
        db_column="id",
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        related_name="state",
    )
    read = models.BigIntegerField()
    seen = models.BigIntegerField()
    opened = models.BigIntegerField()
    archived = models.BigIntegerField()

    class Meta:
        db_table = "read_state"


class ReadMark(models.Model):
    """The "read up to" mark of a user: rows stored until then are read and seen, but for later exceptions."""

    user = models.CharField(primary_key=True, max_length=USER_LENGTH)
    up_to = models.BigIntegerField()

    class Meta:
        db_table = "read_mark"


class DecisionDetails(models.Model):
    """What was decided for a notification; a fallback or a decision taken anew adds a row. `decision` is JSON."""

    pk = models.CompositePrimaryKey("notification", "made_for")
    notification = models.CharField(max_length=ID_LENGTH)
    made_for = models.CharField(max_length=NAME_LENGTH)
    user = models.CharField(max_length=USER_LENGTH)
    at = models.BigIntegerField()
    decision = models.BinaryField()
    tracked_at = models.BigIntegerField()

    class Meta:
        db_table = "notification_details"
        indexes = [models.Index("user", models.F("at").desc(), name="user_timeline")]


class DeliveryCell(models.Model):
    """One attempt of one send, or (send empty) of a whole delivery; filled by rank. `detail` is JSON."""

    pk = models.CompositePrimaryKey("notification", "channel", "send", "attempt")
    notification = models.CharField(max_length=ID_LENGTH)
    channel = models.CharField(max_length=16)
    send = models.CharField(max_length=ID_LENGTH)
    attempt = models.IntegerField()
    user = models.CharField(max_length=USER_LENGTH)
    status = models.CharField(max_length=32)
    rank = models.IntegerField()
    at = models.BigIntegerField()
    detail = models.BinaryField()

    class Meta:
        db_table = "delivery_log"
