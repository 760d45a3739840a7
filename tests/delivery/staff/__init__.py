"""What staff can do in the admin, room by room: the rows that test_roles holds the table of roles to."""
