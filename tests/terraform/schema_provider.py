"""A Terraform provider that knows types and calls nobody.

It serves a provider's published schema over the plugin protocol (version 6), so that
Terraform checks every argument, reference and module wire without a download or an
account.  Resources can then only be mocked: asked to reach a cloud, it refuses.

Run as ``schema_provider.py SCHEMA.json.gz``: it prints what belongs in the variable
``TF_REATTACH_PROVIDERS``, with which Terraform uses this one process instead of
starting a provider for each step of each test, and ends when its standard input does.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
from concurrent import futures
from typing import Any

import grpc
from tf.gen import tfplugin_pb2 as plugin
from tf.gen import tfplugin_pb2_grpc as plugin_rpc

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
FLAGS = ("required", "optional", "computed", "sensitive")


def schema_of(described: dict[str, Any]) -> Any:
    """Return the protocol's form of what `terraform providers schema` prints."""
    return plugin.Schema(version=described["version"], block=_block(described["block"]))


def _block(described: dict[str, Any]) -> Any:
    attributes = [
        plugin.Schema.Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            **{flag: attribute.get(flag, False) for flag in FLAGS},
        )
        for name, attribute in described.get("attributes", {}).items()
    ]
    blocks = [
        plugin.Schema.NestedBlock(
            type_name=name,
            nesting=NESTING[nested["nesting_mode"]],
            block=_block(nested["block"]),
            min_items=nested.get("min_items", 0),
            max_items=nested.get("max_items", 0),
        )
        for name, nested in described.get("block_types", {}).items()
    ]
    return plugin.Schema.Block(attributes=attributes, block_types=blocks)


class SchemaProvider(plugin_rpc.ProviderServicer):
    """Answers what `validate` and mocked tests ask, and nothing else."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._answer = plugin.GetProviderSchema.Response(
            provider=schema_of(schema["provider"]),
            server_capabilities=plugin.ServerCapabilities(
                get_provider_schema_optional=True
            ),
            **{
                kind: {name: schema_of(one) for name, one in schema[kind].items()}
                for kind in ("resource_schemas", "data_source_schemas")
            },
        )

    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        """Return every type that the provider knows."""
        return self._answer

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:
        """Accept: Terraform itself has checked the types."""
        return plugin.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:
        """Accept: Terraform itself has checked the types."""
        return plugin.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:
        """Accept: Terraform itself has checked the types."""
        return plugin.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request: Any, context: Any) -> Any:
        """Refuse: a real plan with this provider would be a lie."""
        refusal = plugin.Diagnostic(
            severity=plugin.Diagnostic.ERROR,
            summary="schema-only provider: it knows types and reaches no cloud",
        )
        return plugin.ConfigureProvider.Response(diagnostics=[refusal])

    def StopProvider(self, request: Any, context: Any) -> Any:
        """Answer that nothing is under way."""
        return plugin.StopProvider.Response()


def main(path: str) -> None:
    """Serve the schema at `path` on a Unix socket; tell where; end with the input."""
    with gzip.open(path) as file:
        ((address, schema),) = json.load(file)["provider_schemas"].items()
    server = grpc.server(
        futures.ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)]
    )
    plugin_rpc.add_ProviderServicer_to_server(SchemaProvider(schema), server)
    with tempfile.TemporaryDirectory(prefix="schema-provider-") as folder:
        socket = os.path.join(folder, "socket")
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        reattach = {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": os.getpid(),
            "Test": True,  # Terraform leaves the process running
            "Addr": {"Network": "unix", "String": socket},
        }
        print(json.dumps({address: reattach}), flush=True)
        sys.stdin.read()
        server.stop(grace=1).wait()


if __name__ == "__main__":
    main(sys.argv[1])
