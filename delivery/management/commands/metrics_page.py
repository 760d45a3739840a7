"""`manage.py metrics_page`: writes docs/metrics.md from what is served."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from delivery import metrics_page


class Command(BaseCommand):
    help = "Writes docs/metrics.md from what is served; a test compares them."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        metrics_page.PAGE.write_text(metrics_page.page())
