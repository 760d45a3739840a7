import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_CRITICAL: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]
    PRIORITY_NORMAL: _ClassVar[Priority]
    PRIORITY_LOW: _ClassVar[Priority]

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_IN_APP: _ClassVar[Channel]
    CHANNEL_PUSH: _ClassVar[Channel]
    CHANNEL_EMAIL: _ClassVar[Channel]
    CHANNEL_SMS: _ClassVar[Channel]

class ThrottleStrategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    THROTTLE_STRATEGY_UNSPECIFIED: _ClassVar[ThrottleStrategy]
    THROTTLE_STRATEGY_ROUND_ROBIN: _ClassVar[ThrottleStrategy]

class Repeats(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPEATS_UNSPECIFIED: _ClassVar[Repeats]
    REPEATS_DAILY: _ClassVar[Repeats]
    REPEATS_WEEKLY: _ClassVar[Repeats]
    REPEATS_MONTHLY: _ClassVar[Repeats]
PRIORITY_UNSPECIFIED: Priority
PRIORITY_CRITICAL: Priority
PRIORITY_HIGH: Priority
PRIORITY_NORMAL: Priority
PRIORITY_LOW: Priority
CHANNEL_UNSPECIFIED: Channel
CHANNEL_IN_APP: Channel
CHANNEL_PUSH: Channel
CHANNEL_EMAIL: Channel
CHANNEL_SMS: Channel
THROTTLE_STRATEGY_UNSPECIFIED: ThrottleStrategy
THROTTLE_STRATEGY_ROUND_ROBIN: ThrottleStrategy
REPEATS_UNSPECIFIED: Repeats
REPEATS_DAILY: Repeats
REPEATS_WEEKLY: Repeats
REPEATS_MONTHLY: Repeats

class Target(_message.Message):
    __slots__ = ("user_id", "segment")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    segment: str
    def __init__(self, user_id: _Optional[str] = ..., segment: _Optional[str] = ...) -> None: ...

class SendRequest(_message.Message):
    __slots__ = ("type", "target", "data", "priority", "channels", "schedule_at", "expires_at", "collapse_key", "idempotency_key")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    COLLAPSE_KEY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    type: str
    target: Target
    data: _struct_pb2.Struct
    priority: Priority
    channels: _containers.RepeatedScalarFieldContainer[Channel]
    schedule_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    collapse_key: str
    idempotency_key: str
    def __init__(self, type: _Optional[str] = ..., target: _Optional[_Union[Target, _Mapping]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., priority: _Optional[_Union[Priority, str]] = ..., channels: _Optional[_Iterable[_Union[Channel, str]]] = ..., schedule_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., collapse_key: _Optional[str] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class SendResponse(_message.Message):
    __slots__ = ("notification_id", "status", "estimated_channels")
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    status: str
    estimated_channels: _containers.RepeatedScalarFieldContainer[Channel]
    def __init__(self, notification_id: _Optional[str] = ..., status: _Optional[str] = ..., estimated_channels: _Optional[_Iterable[_Union[Channel, str]]] = ...) -> None: ...

class SendBatchRequest(_message.Message):
    __slots__ = ("notifications",)
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    notifications: _containers.RepeatedCompositeFieldContainer[SendRequest]
    def __init__(self, notifications: _Optional[_Iterable[_Union[SendRequest, _Mapping]]] = ...) -> None: ...

class SendBatchResponse(_message.Message):
    __slots__ = ("accepted", "refused", "results")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    accepted: int
    refused: int
    results: _containers.RepeatedCompositeFieldContainer[SendBatchResult]
    def __init__(self, accepted: _Optional[int] = ..., refused: _Optional[int] = ..., results: _Optional[_Iterable[_Union[SendBatchResult, _Mapping]]] = ...) -> None: ...

class SendBatchResult(_message.Message):
    __slots__ = ("accepted", "error")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    accepted: SendResponse
    error: _status_pb2.Status
    def __init__(self, accepted: _Optional[_Union[SendResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class Throttle(_message.Message):
    __slots__ = ("rate", "strategy")
    RATE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    rate: int
    strategy: ThrottleStrategy
    def __init__(self, rate: _Optional[int] = ..., strategy: _Optional[_Union[ThrottleStrategy, str]] = ...) -> None: ...

class Canary(_message.Message):
    __slots__ = ("percent", "hold_s", "failed", "bounced", "complained", "unsubscribed")
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    HOLD_S_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    BOUNCED_FIELD_NUMBER: _ClassVar[int]
    COMPLAINED_FIELD_NUMBER: _ClassVar[int]
    UNSUBSCRIBED_FIELD_NUMBER: _ClassVar[int]
    percent: float
    hold_s: int
    failed: float
    bounced: float
    complained: float
    unsubscribed: float
    def __init__(self, percent: _Optional[float] = ..., hold_s: _Optional[int] = ..., failed: _Optional[float] = ..., bounced: _Optional[float] = ..., complained: _Optional[float] = ..., unsubscribed: _Optional[float] = ...) -> None: ...

class BroadcastRequest(_message.Message):
    __slots__ = ("type", "target", "data", "priority", "channels", "schedule_at", "throttle", "idempotency_key", "name", "expires_at", "collapse_key", "local_time", "repeats", "canary")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_AT_FIELD_NUMBER: _ClassVar[int]
    THROTTLE_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    COLLAPSE_KEY_FIELD_NUMBER: _ClassVar[int]
    LOCAL_TIME_FIELD_NUMBER: _ClassVar[int]
    REPEATS_FIELD_NUMBER: _ClassVar[int]
    CANARY_FIELD_NUMBER: _ClassVar[int]
    type: str
    target: Target
    data: _struct_pb2.Struct
    priority: Priority
    channels: _containers.RepeatedScalarFieldContainer[Channel]
    schedule_at: _timestamp_pb2.Timestamp
    throttle: Throttle
    idempotency_key: str
    name: str
    expires_at: _timestamp_pb2.Timestamp
    collapse_key: str
    local_time: str
    repeats: Repeats
    canary: Canary
    def __init__(self, type: _Optional[str] = ..., target: _Optional[_Union[Target, _Mapping]] = ..., data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., priority: _Optional[_Union[Priority, str]] = ..., channels: _Optional[_Iterable[_Union[Channel, str]]] = ..., schedule_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., throttle: _Optional[_Union[Throttle, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., name: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., collapse_key: _Optional[str] = ..., local_time: _Optional[str] = ..., repeats: _Optional[_Union[Repeats, str]] = ..., canary: _Optional[_Union[Canary, _Mapping]] = ...) -> None: ...

class BroadcastResponse(_message.Message):
    __slots__ = ("broadcast_id", "estimated_recipients", "estimated_duration_minutes")
    BROADCAST_ID_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_DURATION_MINUTES_FIELD_NUMBER: _ClassVar[int]
    broadcast_id: str
    estimated_recipients: int
    estimated_duration_minutes: float
    def __init__(self, broadcast_id: _Optional[str] = ..., estimated_recipients: _Optional[int] = ..., estimated_duration_minutes: _Optional[float] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ("notification_id",)
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    def __init__(self, notification_id: _Optional[str] = ...) -> None: ...

class ChannelStatus(_message.Message):
    __slots__ = ("channel", "status", "meaning", "reason", "detail", "setting", "error", "provider", "provider_id", "due_at")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    channel: Channel
    status: str
    meaning: str
    reason: str
    detail: str
    setting: str
    error: str
    provider: str
    provider_id: str
    due_at: _timestamp_pb2.Timestamp
    def __init__(self, channel: _Optional[_Union[Channel, str]] = ..., status: _Optional[str] = ..., meaning: _Optional[str] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., setting: _Optional[str] = ..., error: _Optional[str] = ..., provider: _Optional[str] = ..., provider_id: _Optional[str] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TimelineEntry(_message.Message):
    __slots__ = ("at", "status", "meaning", "channel", "send", "attempt", "started_at", "took", "reason", "detail", "setting", "error", "provider", "provider_id", "due_at", "resumed")
    AT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SEND_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    TOOK_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_ID_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    status: str
    meaning: str
    channel: Channel
    send: str
    attempt: int
    started_at: _timestamp_pb2.Timestamp
    took: _duration_pb2.Duration
    reason: str
    detail: str
    setting: str
    error: str
    provider: str
    provider_id: str
    due_at: _timestamp_pb2.Timestamp
    resumed: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., status: _Optional[str] = ..., meaning: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., send: _Optional[str] = ..., attempt: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., took: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., setting: _Optional[str] = ..., error: _Optional[str] = ..., provider: _Optional[str] = ..., provider_id: _Optional[str] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resumed: _Optional[str] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("notification_id", "user_id", "type", "category", "priority", "lane", "status", "accepted_at", "schedule_at", "expires_at", "broadcast_id", "channels", "timeline", "event")
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    BROADCAST_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    TIMELINE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    user_id: str
    type: str
    category: str
    priority: Priority
    lane: str
    status: str
    accepted_at: _timestamp_pb2.Timestamp
    schedule_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    broadcast_id: str
    channels: _containers.RepeatedCompositeFieldContainer[ChannelStatus]
    timeline: _containers.RepeatedCompositeFieldContainer[TimelineEntry]
    event: SendRequest
    def __init__(self, notification_id: _Optional[str] = ..., user_id: _Optional[str] = ..., type: _Optional[str] = ..., category: _Optional[str] = ..., priority: _Optional[_Union[Priority, str]] = ..., lane: _Optional[str] = ..., status: _Optional[str] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., schedule_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., broadcast_id: _Optional[str] = ..., channels: _Optional[_Iterable[_Union[ChannelStatus, _Mapping]]] = ..., timeline: _Optional[_Iterable[_Union[TimelineEntry, _Mapping]]] = ..., event: _Optional[_Union[SendRequest, _Mapping]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("notification_id", "receipts")
    NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    notification_id: str
    receipts: bool
    def __init__(self, notification_id: _Optional[str] = ..., receipts: _Optional[bool] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("status", "channels", "timeline", "final")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    TIMELINE_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    status: str
    channels: _containers.RepeatedCompositeFieldContainer[ChannelStatus]
    timeline: _containers.RepeatedCompositeFieldContainer[TimelineEntry]
    final: bool
    def __init__(self, status: _Optional[str] = ..., channels: _Optional[_Iterable[_Union[ChannelStatus, _Mapping]]] = ..., timeline: _Optional[_Iterable[_Union[TimelineEntry, _Mapping]]] = ..., final: _Optional[bool] = ...) -> None: ...
