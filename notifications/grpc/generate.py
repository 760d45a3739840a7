"""Generated code beside the `.proto` files, and the descriptor that later changes are compared with: `make proto`.

    python -m notifications.grpc.generate            # writes; refuses lint and what would break a client
    python -m notifications.grpc.generate --check    # only says what differs

A breaking change is refused here and nowhere taken back: it needs a package `notifications.v2` beside this one.
"""

from __future__ import annotations

import re
import sys
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from notifications.grpc.breaking import breaks
from notifications.grpc.lint import complaints

ROOT = Path(__file__).resolve().parent / "proto"
BASELINE = ROOT / "notifications.v1.binpb"
# A relative import works wherever the folder lies: here, and in a client that ships a copy of it.
_ABSOLUTE = re.compile(r"^from notifications\.v1 import (\w+) as", re.MULTILINE)


class ProtocFailed(Exception):
    """The compiler refused a file; it has said why."""


def sources() -> list[str]:
    """The `.proto` files, relative to ROOT."""
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.proto"))


def compiled() -> tuple[FileDescriptorSet, dict[str, str]]:
    """The descriptors of our files with their comments, and {path below ROOT: text} of what is generated.

    Raises ProtocFailed.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        described = folder / "all.binpb"
        _protoc(
            *(f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")),
            *(f"--descriptor_set_out={described}", "--include_source_info", *sources()),
        )
        texts = {path.relative_to(folder).as_posix(): _portable(path) for path in sorted(folder.rglob("*.py*"))}
        return FileDescriptorSet.FromString(described.read_bytes()), texts


def baseline() -> FileDescriptorSet:
    """What clients were built with; empty before the first."""
    return FileDescriptorSet.FromString(BASELINE.read_bytes() if BASELINE.exists() else b"")


def differing(texts: dict[str, str]) -> list[str]:
    """The generated files that aren't what they should be."""
    return [path for path, text in texts.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]


def _protoc(*arguments: str) -> None:
    from grpc_tools import protoc  # only whoever changes a .proto file needs it

    spec = find_spec("google.rpc")
    includes = [ROOT, resources.files("grpc_tools") / "_proto", *(Path(one).parents[1] for one in _places(spec))]
    if protoc.main(["protoc", *(f"-I{folder}" for folder in includes), *arguments]):
        raise ProtocFailed


def _places(spec: object) -> list[str]:
    return list(getattr(spec, "submodule_search_locations", None) or ())


def _portable(path: Path) -> str:
    return _ABSOLUTE.sub(r"from . import \1 as", path.read_text())


def bare(found: FileDescriptorSet) -> bytes:
    """The descriptors without comments and places: what is compared, and what is checked in."""
    plain = FileDescriptorSet()
    plain.CopyFrom(found)
    for file in plain.file:
        file.ClearField("source_code_info")
    return plain.SerializeToString(deterministic=True)


def main(arguments: list[str]) -> int:
    """0 when all is well; prints what isn't."""
    found, texts = compiled()
    wrong = [*complaints(found), *breaks(baseline(), found)]
    if "--check" in arguments:
        wrong += [f"{path} differs: run `make proto`" for path in differing(texts)]
        wrong += [f"{BASELINE.name} differs: run `make proto`"] * (BASELINE.read_bytes() != bare(found))
    elif not wrong:
        for path, text in texts.items():
            (ROOT / path).write_text(text)
        BASELINE.write_bytes(bare(found))
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
