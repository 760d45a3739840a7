"""`manage.py metrics_page`: writes docs/metrics.md from what is served."""

from __future__ import annotations

from typing import Any

from delivery import metrics_page
from foundation.command import PlatformCommand


class Command(PlatformCommand):
    help = "Writes docs/metrics.md from what is served; a test compares them."

    def handle(self, *args: Any, **options: Any) -> None:
        metrics_page.PAGE.write_text(metrics_page.page())
