"""Harbor, the small company of the demo: what it sends, to whom, and which of its services may send what."""

from demo.company.kinds import KINDS, Kind
from demo.company.people import PEOPLE, Person
from demo.company.services import SERVICES, Service

__all__ = ["KINDS", "PEOPLE", "SERVICES", "Kind", "Person", "Service"]
