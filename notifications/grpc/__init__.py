"""The gRPC boundary of accepting and asking: `manage.py grpc` (docs/grpc.md, docs/decisions/0023)."""
