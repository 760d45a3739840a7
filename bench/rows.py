"""How many rows each table of the notification store holds. `python -m bench.rows`"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

PATIENCE_S = 120


def main() -> None:
    from cassandra.cluster import Cluster

    keyspace = os.environ["CASSANDRA_KEYSPACE"]
    cluster = Cluster(os.environ["CASSANDRA_CONTACT_POINTS"].split(","), port=int(os.environ["CASSANDRA_PORT"]))
    session: Any = cluster.connect(keyspace)
    tables = sorted(cluster.metadata.keyspaces[keyspace].tables)
    counts = {table: session.execute(f"SELECT COUNT(*) FROM {table}", timeout=PATIENCE_S).one()[0] for table in tables}  # noqa: S608
    cluster.shutdown()
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main()
