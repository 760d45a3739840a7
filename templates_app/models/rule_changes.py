"""A change of the rules that make a type a security type: beside the type until a second person has approved it."""

from __future__ import annotations

from django.db import models

from templates_app.models.types import NotificationType


class RuleChange(models.Model):
    """What somebody proposes of a type's guarded rules: `wanted` is a field's name → its new value.

    Open until `approved_at`; a type has one open change at most. `templates_app.security_rules` makes, approves and
    removes them; approved ones stay as they were.
    """

    type = models.ForeignKey(NotificationType, on_delete=models.CASCADE, related_name="rule_changes")
    wanted = models.JSONField()
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.type.name}: {self.said}"

    @property
    def said(self) -> str:
        """`mandatory on, two_factor off`: what will be."""
        return ", ".join(f"{name} {'on' if value else 'off'}" for name, value in self.wanted.items())
