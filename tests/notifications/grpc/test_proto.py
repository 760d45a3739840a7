"""The .proto files: what is generated is up to date, the style is kept, and a change that breaks clients is seen."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet

from notifications.grpc import generate
from notifications.grpc.breaking import breaks
from notifications.grpc.lint import complaints


@pytest.fixture(scope="module")
def compiled() -> tuple[FileDescriptorSet, dict[str, str]]:
    return generate.compiled()


def copy_of(found: FileDescriptorSet) -> FileDescriptorSet:
    copied = FileDescriptorSet()
    copied.CopyFrom(found)
    return copied


def test_the_generated_code_and_the_descriptor_are_what_the_files_say(compiled):
    found, texts = compiled
    assert generate.differing(texts) == [], "run `make proto`"
    assert generate.BASELINE.read_bytes() == generate.bare(found), "run `make proto`"


def test_our_files_keep_the_style_and_break_nobody(compiled):
    assert complaints(compiled[0]) == []
    assert breaks(generate.baseline(), compiled[0]) == []


def send_request(described: FileDescriptorSet):
    return next(each for each in described.file[0].message_type if each.name == "SendRequest")


def retyped(described):
    send_request(described).field[0].type = FieldDescriptorProto.TYPE_INT32


def renamed(described):
    send_request(described).field[0].name = "kind"


def reused(described):
    send_request(described).field[0].number = 99
    send_request(described).field[1].number = 1


def removed(described):
    del send_request(described).field[3]


def of_another_message(described):
    send_request(described).field[1].type_name = ".notifications.v1.Throttle"


def one_instead_of_many(described):
    field = next(each for each in send_request(described).field if each.name == "channels")
    field.label = FieldDescriptorProto.LABEL_OPTIONAL


def out_of_its_oneof(described):
    target = next(each for each in described.file[0].message_type if each.name == "Target")
    target.field[0].ClearField("oneof_index")


def without_a_message(described):
    del described.file[0].message_type[0]


def without_a_value(described):
    del described.file[0].enum_type[0].value[2]


def without_a_method(described):
    del described.file[0].service[0].method[1]


def no_stream_any_more(described):
    described.file[0].service[0].method[1].client_streaming = False


BREAKING = [
    *(retyped, renamed, reused, removed, of_another_message, one_instead_of_many, out_of_its_oneof),
    *(without_a_message, without_a_value, without_a_method, no_stream_any_more),
]


@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__)
def test_a_breaking_change_is_named(compiled, change):
    changed = copy_of(compiled[0])
    change(changed)
    assert breaks(compiled[0], changed)


def test_adding_breaks_nobody(compiled):
    grown = copy_of(compiled[0])
    send_request(grown).field.add(name="note", number=50, type=FieldDescriptorProto.TYPE_STRING, label=1)
    grown.file[0].enum_type[1].value.add(name="CHANNEL_FAX", number=5)
    grown.file[0].service[0].method.add(name="New", input_type=".a", output_type=".b")
    assert breaks(compiled[0], grown) == []


def camel(described):
    send_request(described).field[0].name = "notificationType"


def no_prefix(described):
    described.file[0].enum_type[0].value[1].name = "CRITICAL"


def no_zero(described):
    described.file[0].enum_type[0].value[0].number = 9


def no_version(described):
    described.file[0].package = "notifications"


def no_suffix(described):
    described.file[0].service[0].name = "Notifications"


def shared_message(described):
    described.file[0].service[0].method[1].input_type = ".notifications.v1.SendRequest"


def no_comment(described):
    described.file[0].ClearField("source_code_info")


@pytest.mark.parametrize(
    "change",
    [camel, no_prefix, no_zero, no_version, no_suffix, shared_message, no_comment],
    ids=lambda each: each.__name__,
)
def test_bad_style_is_named(compiled, change):
    changed = copy_of(compiled[0])
    change(changed)
    assert complaints(changed)
