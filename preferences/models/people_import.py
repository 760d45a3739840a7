"""A file of people on its way in: its rows in batches, so that a killed import goes on where it stopped."""

from __future__ import annotations

from django.db import models

from preferences.models.static_list import StaticList


class PeopleImport(models.Model):
    """A file that was uploaded: users to be registered or changed, or, with `to_list`, users to be put on that list.

    `header` names the file's columns, `mapping` what each fills (a column that isn't in it is left out). Who works on
    it holds it until `lease_until`.
    """

    class State(models.TextChoices):
        UPLOADING = "uploading", "Coming in"
        MAPPING = "mapping", "Waiting for its columns"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    file_name = models.CharField(max_length=200)
    to_list = models.ForeignKey(StaticList, null=True, blank=True, on_delete=models.CASCADE, related_name="imports")
    by = models.CharField(max_length=150)
    state = models.CharField(max_length=16, choices=State.choices, default=State.UPLOADING, db_index=True)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "import"

    def __str__(self) -> str:
        return self.file_name


class ImportPart(models.Model):
    """A piece of the file as it came in; they are removed once the file is read into batches."""

    of = models.ForeignKey(PeopleImport, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["of", "number"]
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="one_part_a_number")]

    def __str__(self) -> str:
        return f"{self.of_id}:{self.number}"


class ImportBatch(models.Model):
    """Up to 1,000 rows of a file. What came of them is written in the transaction that takes them in.

    `content` is the compressed rows as the file has them, emptied once they are in; `bad` those that weren't taken.
    """

    of = models.ForeignKey(PeopleImport, on_delete=models.CASCADE, related_name="batches")
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    content = models.BinaryField()
    done = models.BooleanField(default=False)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    bad = models.BinaryField(default=b"")

    class Meta:
        ordering = ["of", "number"]
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="one_batch_a_number")]

    def __str__(self) -> str:
        return f"{self.of_id}/{self.number}"
