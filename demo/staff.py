"""A member of staff for each role, so that the admin can be looked at as each of them, and a second person approves."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from delivery.roles import ADMIN, ROLES


def seed_staff(password: str) -> None:
    """Adds those that are missing, named like their roles; one that is there keeps its password."""
    users: Any = get_user_model().objects
    there = set(users.filter(username__in=ROLES).values_list("username", flat=True))
    missing = [role for role in ROLES if role not in there and role != ADMIN]
    if not missing:
        return
    hashed = make_password(password)
    for role in missing:
        user = users.create(username=role, email=f"{role}@example.com", password=hashed, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
