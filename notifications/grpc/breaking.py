"""What in a new version of the `.proto` files would break a client that was built with the old one. Pure.

The rules of protobuf (https://protobuf.dev/programming-guides/proto3/#updating) and of JSON, which grpcurl and
gateways write: nothing is removed, renumbered, renamed or retyped; adding is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet


class Part(NamedTuple):
    """One thing a client depends on: what it is, and all of it that must stay."""

    what: str
    fixed: tuple[Any, ...]


def breaks(old: FileDescriptorSet, new: FileDescriptorSet) -> list[str]:
    """A sentence for each part of `old` that `new` has lost or changed."""
    before, after = _parts(old), _parts(new)
    return [said for place, part in before.items() if (said := _broken(place, part, after))]


def _broken(place: str, part: Part, after: Mapping[str, Part]) -> str:
    now = after.get(place)
    if now is None:
        return f"{place}: this {part.what} is gone; keep it, clients use it"
    if now.fixed != part.fixed:
        return f"{place}: this {part.what} was {part.fixed} and is {now.fixed}; add another instead"
    return ""


def _parts(described: FileDescriptorSet) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for file in described.file:
        for message in file.message_type:
            found.update(_of_message(file.package, message))
        for enum in file.enum_type:
            found.update(_of_enum(file.package, enum))
        for service in file.service:
            for method in service.method:
                kinds = (method.input_type, method.output_type, method.client_streaming, method.server_streaming)
                found[f"{file.package}.{service.name}/{method.name}"] = Part("method", kinds)
    return found


def _of_message(scope: str, message: DescriptorProto) -> Iterator[tuple[str, Part]]:
    own = f"{scope}.{message.name}"
    yield own, Part("message", ())
    for field in message.field:
        yield f"{own}#{field.number}", Part("field", _fixed(message, field))
    for nested in message.nested_type:
        yield from _of_message(own, nested)
    for enum in message.enum_type:
        yield from _of_enum(own, enum)


def _fixed(message: DescriptorProto, field: FieldDescriptorProto) -> tuple[Any, ...]:
    kind = FieldDescriptorProto.Type.Name(field.type)
    oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
    return (field.name, kind, field.type_name, FieldDescriptorProto.Label.Name(field.label), oneof)


def _of_enum(scope: str, enum: Any) -> Iterator[tuple[str, Part]]:
    own = f"{scope}.{enum.name}"
    yield own, Part("enum", ())
    for value in enum.value:
        yield f"{own}#{value.number}", Part("value", (value.name,))
