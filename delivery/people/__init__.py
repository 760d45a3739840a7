"""People as support and operators meet them: one page a user, why something didn't arrive, erasing and exporting.

Here because it needs all rooms: who the user is (`preferences`), what was decided and why (`notifications`), what
waits or was parked (`delivery`).
"""
