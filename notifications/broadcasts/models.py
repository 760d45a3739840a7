"""What is kept of a broadcast: what goes out, how far it is, who belongs to it, what became of each (decision 21).

Times are ms since the epoch. `Broadcast` is changed by people, `Walk` by the expander alone, so neither overwrites the
other. Portions hold 65,536 numeric keys each, as bitmaps of the keys' lower 16 bits.
"""

from __future__ import annotations

from django.db import models

from notifications.broadcasts import states

CHUNK_BITS = 16
STATE_CHOICES = [(state, state) for state in states.STATES]
ID_LENGTH = 32


class Broadcast(models.Model):
    """One message to a segment. `rate` is in recipients/s, 0: as fast as the channels take it.

    `canary` is null or `notifications.broadcasts.request.Canary` as JSON; `estimate` is an `Estimate`, counted by the
    expander. `pull`: in-app is one row that is merged when an inbox is read (contract §7).
    """

    id = models.CharField(primary_key=True, max_length=ID_LENGTH, editable=False)
    name = models.CharField(max_length=120, blank=True)
    segment = models.CharField(max_length=100)
    type = models.CharField(max_length=64)
    type_version = models.PositiveIntegerField(default=0)
    template_version = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict, blank=True)
    priority = models.CharField(max_length=16)
    channels = models.JSONField(default=list, blank=True)
    rate = models.PositiveIntegerField(default=0)
    strategy = models.CharField(max_length=32, default="round_robin")
    schedule_at = models.BigIntegerField(null=True, blank=True)
    expires_at = models.BigIntegerField(null=True, blank=True)
    collapse_key = models.CharField(max_length=64, blank=True)
    local_time = models.CharField(max_length=5, blank=True)
    repeats = models.CharField(max_length=16, blank=True)
    canary = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=STATE_CHOICES, default=states.DRAFT, db_index=True)
    why = models.CharField(max_length=300, blank=True)
    size = models.BigIntegerField(default=0)
    estimate = models.JSONField(null=True, blank=True)
    pull = models.BooleanField(default=False)
    token = models.CharField(max_length=32, blank=True)
    previous = models.CharField(max_length=ID_LENGTH, blank=True)
    proposed_by = models.CharField(max_length=150, blank=True)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.BigIntegerField(null=True, blank=True)
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()
    started_at = models.BigIntegerField(null=True, blank=True)
    finished_at = models.BigIntegerField(null=True, blank=True)
    recalled_at = models.BigIntegerField(null=True, blank=True)
    recalled_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("start_broadcast", "Can propose and start a broadcast"),
            ("approve_broadcast", "Can approve a broadcast of somebody else"),
            ("control_broadcast", "Can pause, resume, re-rate and cancel a broadcast"),
            ("recall_broadcast", "Can recall a broadcast"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.type} to {self.segment}"


class Walk(models.Model):
    """How far a broadcast is. `frozen_to`: the key up to which the audience is frozen, `is_frozen` when all of it is.

    The audience is walked in waves (users of one local time), a wave in windows of keys beyond `window_after`, a window
    in rounds: the first `depth` of its recipients are out. `round_to` and `round_at` say how far the round goes that is
    being produced (0: there is none), and its `now`. Of a recalled one inboxes are cleared up to `recalled_to`. `owner`
    works on it until `lease_until`.
    """

    broadcast = models.OneToOneField(Broadcast, on_delete=models.CASCADE, primary_key=True, related_name="walk")
    frozen_to = models.BigIntegerField(default=0)
    is_frozen = models.BooleanField(default=False)
    audience = models.BigIntegerField(default=0)
    partitions = models.PositiveIntegerField(default=0)
    wave = models.BigIntegerField(default=0)
    window_after = models.BigIntegerField(default=-1)
    window_size = models.PositiveIntegerField(default=0)
    depth = models.PositiveIntegerField(default=0)
    round_to = models.PositiveIntegerField(default=0)
    round_at = models.BigIntegerField(default=0)
    expanded = models.BigIntegerField(default=0)
    is_expanded = models.BooleanField(default=False)
    held_at = models.BigIntegerField(null=True)
    recalled_to = models.BigIntegerField(default=-1)
    recall_passes = models.PositiveSmallIntegerField(default=0)
    is_recalled = models.BooleanField(default=False)
    canary_passed = models.BooleanField(default=False)
    stops_for = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.BigIntegerField(default=0)


class AudiencePortion(models.Model):
    """Who belongs, of one chunk of keys, and when they get it: `wave` is 0, or the time of those users' local time."""

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="portions")
    wave = models.BigIntegerField(default=0)
    chunk = models.BigIntegerField()
    bits = models.BinaryField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["broadcast", "wave", "chunk"], name="one_portion_a_chunk")]


class LedgerPortion(models.Model):
    """What became of one chunk's deliveries on a channel: `words` is a bitmap a word (notifications.broadcasts.ledger),
    `counts` their sizes, so that figures cost no bitmap."""

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="ledger")
    channel = models.CharField(max_length=16)
    chunk = models.BigIntegerField()
    words = models.BinaryField()
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["broadcast", "channel", "chunk"], name="one_ledger_a_chunk")]
