"""The tables of this room. Their cached form is `preferences.facts.Profile`; writing a row drops it (signals)."""

from preferences.models.address import SUPPRESSIBLE, InvalidAddress, Suppression, SuppressionChange
from preferences.models.delivery_summary import DeliverySummary
from preferences.models.erasure import Erasure
from preferences.models.people_import import ImportBatch, ImportPart, PeopleImport
from preferences.models.segment import Segment
from preferences.models.static_list import StaticList, StaticListMember
from preferences.models.user import Device, PreferenceRow, User

__all__ = [
    "SUPPRESSIBLE",
    "DeliverySummary",
    "Device",
    "Erasure",
    "ImportBatch",
    "ImportPart",
    "InvalidAddress",
    "PeopleImport",
    "PreferenceRow",
    "Segment",
    "StaticList",
    "StaticListMember",
    "Suppression",
    "SuppressionChange",
    "User",
]
