# SPDX-License-Identifier: Apache-2.0
"""How the sink answers a request: accept it, in part, refuse it, ask to come later, be slow, hang up."""

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

# OTLP/HTTP statuses and the gRPC codes that say the same.
GRPC_OF_HTTP = {
    200: grpc.StatusCode.OK,
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.UNIMPLEMENTED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.UNAVAILABLE,
}


@dataclass(frozen=True)
class Answer:
    """One answer. The default accepts everything.

    http_status   of the answer; gRPC gets the code that means the same, or `grpc_code` where given
    retry_after   the header's text (seconds or a date), HTTP only
    retry_info_s  seconds in google.rpc.RetryInfo, in the body over HTTP, in the status details over gRPC
    rejected      items that a partial success says were not taken; `message` is its text
    delay_s       seconds to wait before answering
    hang_up       HTTP: close the connection without an answer; gRPC: abort with UNAVAILABLE
    """

    http_status: int = 200
    grpc_code: grpc.StatusCode | None = None
    message: str = ""
    retry_after: str | None = None
    retry_info_s: float | None = None
    rejected: int = 0
    delay_s: float = 0.0
    hang_up: bool = False

    @property
    def code(self):
        if self.hang_up:
            return grpc.StatusCode.UNAVAILABLE
        return self.grpc_code or GRPC_OF_HTTP[self.http_status]

    @property
    def accepts(self):
        return self.code is grpc.StatusCode.OK and self.http_status == 200

    def status(self):
        """The google.rpc.Status that goes with a refusal."""
        details = []
        if self.retry_info_s is not None:
            delay = duration_pb2.Duration()
            delay.FromNanoseconds(int(self.retry_info_s * 1e9))
            packed = any_pb2.Any()
            packed.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
            details.append(packed)
        return status_pb2.Status(code=self.code.value[0], message=self.message, details=details)

    def response(self, signal):
        """The body of an acceptance."""
        response = signal.response()
        if self.rejected or self.message:
            setattr(response.partial_success, signal.rejected, self.rejected)
            response.partial_success.error_message = self.message
        return response


ACCEPT = Answer()
