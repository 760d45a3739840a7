"""How our `.proto` files are written: the rules of https://protobuf.dev/programming-guides/style/ as buf's
STANDARD set has them, and that everything a client sees is described. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PASCAL = re.compile(r"([A-Z][a-z0-9]*)+")
_PACKAGE = re.compile(r"[a-z]+(\.[a-z]+)*\.v[1-9][0-9]*")
_SERVICE, _METHOD = 6, 2  # numbers of the fields that hold them, in a location's path


def complaints(described: FileDescriptorSet) -> list[str]:
    """A sentence for each place that doesn't follow the rules."""
    return [f"{file.name}: {said}" for file in described.file for said in _of_file(file)]


def _of_file(file: FileDescriptorProto) -> Iterator[str]:
    folder, _, name = file.name.rpartition("/")
    if not _PACKAGE.fullmatch(file.package) or folder.replace("/", ".") != file.package:
        yield f"package {file.package!r} isn't its folder with a version at the end"
    if file.syntax != "proto3" or not _SNAKE.fullmatch(name.removesuffix(".proto")):
        yield "a proto3 file in lower_snake_case is wanted"
    for message in file.message_type:
        yield from _of_message(message)
    for enum in file.enum_type:
        yield from _of_enum(enum)
    for service in file.service:
        yield from _of_service(service, file.package)
    yield from _undescribed(file)


def _of_message(message: DescriptorProto) -> Iterator[str]:
    if not _PASCAL.fullmatch(message.name):
        yield f"message {message.name} isn't in PascalCase"
    for name in [*(field.name for field in message.field), *(oneof.name for oneof in message.oneof_decl)]:
        if not _SNAKE.fullmatch(name.removeprefix("_")):  # an optional field's own oneof begins with one
            yield f"{message.name}.{name} isn't in lower_snake_case"


def _of_enum(enum: EnumDescriptorProto) -> Iterator[str]:
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"
    if not _PASCAL.fullmatch(enum.name):
        yield f"enum {enum.name} isn't in PascalCase"
    for value in enum.value:
        if not value.name.startswith(prefix) or value.name != value.name.upper():
            yield f"{enum.name}.{value.name} doesn't begin with {prefix}"
    if not enum.value or enum.value[0].number or enum.value[0].name != f"{prefix}UNSPECIFIED":
        yield f"{enum.name} doesn't begin with {prefix}UNSPECIFIED = 0"


def _of_service(service: ServiceDescriptorProto, package: str) -> Iterator[str]:
    if not _PASCAL.fullmatch(service.name) or not service.name.endswith("Service"):
        yield f"service {service.name} doesn't end in Service"
    for method in service.method:
        wanted = (f".{package}.{method.name}Request", f".{package}.{method.name}Response")
        if (method.input_type, method.output_type) != wanted:
            yield f"{service.name}.{method.name} doesn't take {method.name}Request and give {method.name}Response"


def _undescribed(file: FileDescriptorProto) -> Iterator[str]:
    said = {tuple(place.path) for place in file.source_code_info.location if place.leading_comments.strip()}
    for index, service in enumerate(file.service):
        wanted: dict[str, tuple[int, ...]] = {service.name: (_SERVICE, index)}
        wanted |= {method.name: (_SERVICE, index, _METHOD, place) for place, method in enumerate(service.method)}
        yield from (f"{name} has no comment" for name, path in wanted.items() if path not in said)
