"""The admin's pages of this room: the desk (delivery/desk/) and the people (delivery/people/) register them."""

from delivery.desk import accounts, board, controls, jobs, letters, observed, staff, trail
from delivery.people import admin as people
from delivery.people import erasure_admin as erasures

__all__ = ["accounts", "board", "controls", "erasures", "jobs", "letters", "observed", "people", "staff", "trail"]
