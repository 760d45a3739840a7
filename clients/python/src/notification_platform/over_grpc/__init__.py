"""Sending and asking over gRPC instead of REST: `Client(grpc="host:port")`. Needs the extra `grpc`.

The `.proto` file and what is generated from it are the server's own, copied by `make client`.
"""
