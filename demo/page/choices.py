"""What one can choose from on the page: types with their examples, people with their stories, providers, links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Prefetch
from django.urls import reverse

from delivery.providers.registry import account_names, accounts_of
from demo.company import SERVICES
from demo.page import steering, web_push
