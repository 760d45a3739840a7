"""Celery's Redis transport, with a leak closed that makes workers deaf.

A worker takes no more messages than its threads can work on, and kombu frees a place when a message is acknowledged.
An acknowledgement that Redis doesn't hear (killed, cut off) frees none. When every thread's was lost at once, the
worker asks for nothing any more, so it never notices that its connection is gone either: alive, and deaf until it is
restarted. Seen with kombu 5.7.0: after about one in five of a busy Redis' deaths.

Here the place is free whether Redis heard it or not. The message itself comes again after the visibility time-out, and
has expired by then.
"""

from __future__ import annotations

from kombu.transport import redis, virtual


class QoS(redis.QoS):
    """Counts a message as done also when Redis couldn't be told."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except BaseException:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        except BaseException:
            virtual.QoS.ack(self, delivery_tag)
            raise


def close_the_leak() -> None:
    """Every Redis connection of kombu uses it: over TCP, TLS, a unix socket, Sentinel."""
    redis.Channel.QoS = QoS
