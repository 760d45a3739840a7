"""Real servers on loopback without Docker: Kafka, Cassandra, MariaDB, Redis (docs/stack.md).

A room of its own that imports nothing of ours (docs/decisions/0010). `stack.servers.Stack` is the way in for programs,
`python -m stack` for people.
"""
