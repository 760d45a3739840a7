"""The embedded engine: the log in SQLite, for one machine and any number of processes.

engine      EmbeddedLog: the port's Log
consumer    EmbeddedConsumer: the port's Consumer
cursors     where a consumer stands in each partition, and what it reads next
topic       one file per topic: chunks of records, their offsets, retention
writing     the durable append: one transaction for all calls that wait
chunks      how records are packed into a row
groups      one file per consumer group: members, leases, owners, committed offsets
assignment  who should own how much
files       SQLite connections, and whose turn it is to write
"""

from notifications.log.embedded.engine import EmbeddedLog

__all__ = ["EmbeddedLog"]
