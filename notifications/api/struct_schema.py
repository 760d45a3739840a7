"""msgspec structs in the OpenAPI document: the types that decode and encode also describe."""

from __future__ import annotations

from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.plumbing import ResolvedComponent

REF = "#/components/schemas/{name}"


class StructExtension(OpenApiSerializerExtension):
    """Lets `extend_schema` take a msgspec.Struct wherever it takes a serializer."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        """The component's name: the struct's."""
        return self.target.__name__

    def get_identity(self, auto_schema: Any, direction: Any) -> str:
        """What tells two components of one name apart; here a name is one struct."""
        return self.target.__name__

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The struct's schema; the structs inside become components of their own."""
        _, components = msgspec.json.schema_components([self.target], ref_template=REF)
        own = components.pop(self.target.__name__)
        for name, schema in components.items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema)
            )
        return own
