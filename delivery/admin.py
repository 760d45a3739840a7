"""The admin's pages of this room: the desk (delivery/desk/) registers them."""

from delivery.desk import accounts, board, controls, jobs, letters, observed, staff, trail

__all__ = ["accounts", "board", "controls", "jobs", "letters", "observed", "staff", "trail"]
