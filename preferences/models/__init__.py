"""The tables of this room. Their cached form is `preferences.facts.Profile`; writing a row drops it (signals)."""

from preferences.models.address import SUPPRESSIBLE, InvalidAddress, Suppression, SuppressionChange
from preferences.models.segment import Segment
from preferences.models.user import Device, PreferenceRow, User

__all__ = [
    "SUPPRESSIBLE",
    "Device",
    "InvalidAddress",
    "PreferenceRow",
    "Segment",
    "Suppression",
    "SuppressionChange",
    "User",
]
