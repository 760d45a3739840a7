"""Conservation, checked (contract §5): every accepted notification has its decision, every decided delivery exactly one
outcome or a place in flight. Anything else is lost.

    facts         what the audit reads of a record: no more than it needs
    entry         one notification: what was accepted, decided and told of it; its statuses
    book          all of them, in a scratch file: bounded memory, counts kept as entries change
    reading       topics into the book, a bounded batch at a time
    places        where something may be in flight, besides the log
    spools        what was taken while the log was away, here and on other machines
    conservation  `audit()`: the whole look, and why its order makes it exact while the system runs
    deep          the store and the sandbox's outbox, held against the book
    findings      what it found, for people and as JSON
"""

from delivery.audit.conservation import audit
from delivery.audit.findings import Findings

__all__ = ["Findings", "audit"]
