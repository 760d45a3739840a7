"""The servers' versions: jars and images alike (the poms say the same; a test holds them together)."""

from __future__ import annotations

KAFKA = "4.4.0"
CASSANDRA = "5.0.9"
MARIADB = "10.11"  # the least the system's package must be; the image's tag
REDIS = "7"
JAVA = 17  # Cassandra 5.0 takes no newer one
PYTHON_IMAGE = "python:3.12-slim"
IMAGES = {
    "kafka": f"apache/kafka:{KAFKA}",
    "cassandra": f"cassandra:{CASSANDRA}",
    "mariadb": f"mariadb:{MARIADB}",
    "redis": f"redis:{REDIS}",
}
