"""The tables of this room. Their cached form is `preferences.facts.Profile`; writing a row drops it (signals)."""

from preferences.models.address import InvalidAddress, Suppression
from preferences.models.segment import Segment
from preferences.models.user import Device, PreferenceRow, User

__all__ = ["Device", "InvalidAddress", "PreferenceRow", "Segment", "Suppression", "User"]
