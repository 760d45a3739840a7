"""Around every method: what it raises becomes a status with details, what it takes becomes a metric."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.rpc.status_pb2 import Status

from foundation.errors import Refused
from foundation.meters import GRPC
from notifications.api.problems import as_refused
from notifications.grpc.refusing import DETAILS_KEY, INTERNAL, code_of, status_of

log = logging.getLogger(__name__)
Method = Callable[[Any, Any], Awaitable[Any]]


def answered(name: str, method: Method) -> Method:
    """`method` as gRPC calls it. Cancelled (a deadline, a client that left) it ends where it is."""

    async def answer(message: Any, context: Any) -> Any:
        began = time.perf_counter()
        code = grpc.StatusCode.CANCELLED.name
        try:
            found = await method(message, context)
            code = grpc.StatusCode.OK.name
            return found
        except Exception as error:
            refusal = as_refused(error)
            if refusal is None:
                log.exception("%s failed", name)
            code = (code_of(refusal) if refusal else grpc.StatusCode.INTERNAL).name
            await _end(context, refusal)
        finally:
            GRPC.labels(name, code).observe(time.perf_counter() - began)

    return answer


async def _end(context: Any, refusal: Refused | None) -> None:
    """Ends the call with a refusal; None: a fault of ours, which tells nothing of our insides."""
    status: Status = status_of(refusal) if refusal else INTERNAL
    code = code_of(refusal) if refusal else grpc.StatusCode.INTERNAL
    await context.abort(code, status.message, ((DETAILS_KEY, status.SerializeToString()),))
