"""The admin's pages of this room: the desk (delivery/desk/) registers them."""

from delivery.desk import accounts, observed, staff, trail

__all__ = ["accounts", "observed", "staff", "trail"]
