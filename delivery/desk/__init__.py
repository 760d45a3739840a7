"""The operators' desk: this room's pages in the admin.

board       the dashboard, its figures as JSON, the notifications of a minute, one notification
workbench   dead letters grouped by what they fail of; replayed or dropped at a rate
letters     one dead letter, and the list of them
jobs        how far replays and drops are; stopped, resumed, undone
controls    channels, types and provider accounts: paused, drained, re-rated
observed    alerts, quarantine, the sandbox's outbox
trail       who changed what
staff       members of staff, their roles, their second step
"""
