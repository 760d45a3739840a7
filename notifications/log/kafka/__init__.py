"""The Kafka engine: the log on brokers, for any number of machines (confluent-kafka).

engine       KafkaLog: the port's Log
options      what every client is told, and the platform's names on a shared cluster
health       whether the brokers are known to be away: then calls fail at once, and one at a time tries
producing    the process's one producer: many threads share its batches, each waits for its own callbacks
administration  topics and offsets, each question one request for all partitions
reading      ranges outside any group, through pooled clients
consumer     KafkaConsumer: the port's Consumer
membership   the client in its group: what the group gave and takes back, and commits
marks        what a commit says besides its offset: held, or released
cursors      where a consumer stands in each partition, and what has come for it
"""

from notifications.log.kafka.engine import KafkaLog

__all__ = ["KafkaLog"]
