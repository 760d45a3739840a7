"""What operators look after: dead letters, alerts, quarantined records. All times are ms since the epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models

if TYPE_CHECKING:
    from delivery.breaker import Standing


class DeadLetter(models.Model):
    """A delivery (or those of its sends that share a fate) that was parked (contract §5).

    The identity is computed from the failure, so that the same one never parks twice. `record` is the encoded
    ChannelRecord as it was tried last; `edited_data` replaces the event's data when it is replayed. `fingerprint` says
    which fail alike (delivery/fingerprints.py). `job`: the job that is to replay or drop it, or did.
    """

    class State(models.TextChoices):
        PARKED = "parked"
        QUEUED = "queued"
        RELEASING = "releasing"
        REPLAYED = "replayed"
        DROPPED = "dropped"

    identity = models.CharField(max_length=190, primary_key=True)
    notification_id = models.CharField(max_length=64, db_index=True)
    user = models.CharField(max_length=190)
    channel = models.CharField(max_length=16)
    type = models.CharField(max_length=128)
    category = models.CharField(max_length=128)
    priority = models.CharField(max_length=16)
    lane = models.CharField(max_length=16)
    reason = models.CharField(max_length=32)
    error = models.CharField(max_length=32)
    detail = models.TextField(blank=True)
    provider = models.CharField(max_length=32, blank=True)
    provider_code = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField()
    fell_back_to = models.CharField(max_length=16, blank=True, default="")
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    record = models.BinaryField()
    edited_data = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PARKED)
    changed_at = models.BigIntegerField(null=True, blank=True)
    fingerprint = models.CharField(max_length=16, blank=True, default="", db_default="", editable=False)
    job = models.ForeignKey("LetterJob", null=True, blank=True, on_delete=models.SET_NULL, editable=False)

    class Meta:
        ordering = ["-last_at"]
        indexes = [
            models.Index(fields=["state", "last_at"], name="dead_letter_age"),
            models.Index(fields=["state", "error"], name="dead_letter_error"),
            models.Index(fields=["state", "fingerprint"], name="dead_letter_alike"),
            models.Index(fields=["job", "state"], name="dead_letter_job"),
        ]
        permissions = [
            ("replay_deadletter", "Can replay dead letters"),
            ("drop_deadletter", "Can drop dead letters"),
        ]

    def __str__(self) -> str:
        return self.identity

    def clean(self) -> None:
        """An event's data is an object. Raises ValidationError."""
        if self.edited_data is not None and not isinstance(self.edited_data, dict):
            raise ValidationError({"edited_data": "An event's data is a JSON object."})


class Alert(models.Model):
    """Something operators must hear of. The same identity is raised once; `posted_at` is when the webhook took it."""

    identity = models.CharField(max_length=190, primary_key=True)
    kind = models.CharField(max_length=32)
    text = models.TextField()
    detail = models.JSONField(default=dict)
    at = models.BigIntegerField(db_index=True)
    posted_at = models.BigIntegerField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.text


class QuarantinedRecord(models.Model):
    """A record nobody could handle, with its bytes (contract §9). The partition went on without it."""

    class State(models.TextChoices):
        KEPT = "kept"
        RETRIED = "retried"

    topic = models.CharField(max_length=64)
    partition = models.PositiveIntegerField()
    offset = models.BigIntegerField()
    raw = models.BinaryField()
    headers = models.JSONField(default=dict)
    reason = models.TextField()
    at = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.KEPT)
    changed_at = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["topic", "partition", "offset"], name="quarantined_once")]

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


class AccountSetting(models.Model):
    """What an operator set for a provider account while it runs (delivery/account_settings.py). No `rate`: its own."""

    account = models.CharField(max_length=64, primary_key=True)
    rate = models.PositiveIntegerField(
        "messages/s", null=True, blank=True, help_text="Empty: the account's own rate. 0: no limit."
    )
    paused = models.BooleanField(default=False, help_text="Nothing is sent over it until it is resumed.")
    why = models.CharField(max_length=190, blank=True, default="", help_text="Why it was changed last.")
    changed_at = models.BigIntegerField(default=0)
    changed_by = models.CharField(max_length=190, blank=True, default="")
    standing: Standing  # how it stands now (delivery/breaker.py), where whoever shows it has asked

    class Meta:
        ordering = ["account"]
        verbose_name = "provider account"
        permissions = [("control_account", "Can pause provider accounts and change their rates")]

    def __str__(self) -> str:
        return self.account


class LetterJob(models.Model):
    """Dead letters that are replayed or dropped, so many a second (delivery/letter_jobs.py). Times in ms.

    The letters themselves say which belong to it and how far each is. `pace_until`: up to when its rate is used up;
    `lease_until`: who releases for it now has it alone until then.
    """

    class Action(models.TextChoices):
        REPLAY = "replay"
        DROP = "drop"

    class State(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        UNDONE = "undone"
        DONE = "done"

    action = models.CharField(max_length=8, choices=Action.choices)
    what = models.CharField(max_length=190, help_text="Which letters, in words.")
    rate = models.PositiveIntegerField("letters/s")
    why = models.CharField(max_length=190)
    by = models.CharField(max_length=150)
    at = models.BigIntegerField()
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=190, blank=True, default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING, db_index=True)
    pace_until = models.BigIntegerField(default=0)
    lease_until = models.BigIntegerField(default=0)
    finished_at = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        verbose_name = "dead letter job"

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.what}"


class Control(models.Model):
    """What an operator holds back: a channel or a type (delivery/controls.py). `mode` is empty while nothing is."""

    class Kind(models.TextChoices):
        CHANNEL = "channel"
        TYPE = "type"

    class Mode(models.TextChoices):
        RUNNING = "", "running"
        PAUSED = "paused", "paused"
        DRAINING = "draining", "draining"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=128)
    mode = models.CharField(max_length=8, choices=Mode.choices, blank=True, default=Mode.RUNNING)
    why = models.CharField(max_length=190)
    by = models.CharField(max_length=150)
    at = models.BigIntegerField()

    class Meta:
        ordering = ["kind", "name"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="one_control_each")]
        permissions = [
            ("control_channel", "Can pause and drain channels and types"),
            ("see_dashboard", "Can see the dashboard"),
            ("see_notification", "Can see what became of a notification"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
