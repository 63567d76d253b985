"""A Terraform provider that knows types and calls nobody.

It serves a provider's published schema over the plugin protocol (version 6), so that Terraform
checks every argument, reference and module wire without a download or an account.  Resources
can then only be mocked: asked to reach a cloud, it refuses.

Run as ``schema_provider.py SCHEMA.json.gz``, by Terraform, which reads one line from it.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import threading
from concurrent import futures
from typing import Any

import grpc
from tf.gen import grpc_controller_pb2 as control
from tf.gen import grpc_controller_pb2_grpc as control_rpc
from tf.gen import tfplugin_pb2 as plugin
from tf.gen import tfplugin_pb2_grpc as plugin_rpc

NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
FLAGS = ("required", "optional", "computed", "sensitive")


def schema_of(described: dict[str, Any]) -> Any:
    """Return the protocol's form of a schema as `terraform providers schema` prints it."""
    return plugin.Schema(
        version=described["version"], block=_block(described["block"])
    )


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


class SchemaProvider(plugin_rpc.ProviderServicer):  # type: ignore[misc]
    """Answers what `validate` and mocked tests ask, and nothing else."""

    def __init__(self, path: str) -> None:
        with gzip.open(path) as file:
            (self._schema,) = json.load(file)["provider_schemas"].values()

    def GetProviderSchema(self, request: Any, context: Any) -> Any:
        """Return every type that the provider knows."""
        kinds = ("resource_schemas", "data_source_schemas")
        return plugin.GetProviderSchema.Response(
            provider=schema_of(self._schema["provider"]),
            server_capabilities=plugin.ServerCapabilities(
                get_provider_schema_optional=True
            ),
            **{
                kind: {name: schema_of(s) for name, s in self._schema[kind].items()}
                for kind in kinds
            },
        )

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
        """Nothing is under way."""
        return plugin.StopProvider.Response()


class Controller(control_rpc.GRPCControllerServicer):  # type: ignore[misc]
    """How Terraform ends a provider."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def Shutdown(self, request: Any, context: Any) -> Any:
        """End, once the answer is out."""
        self._ended.set()
        return control.Empty()


def main() -> None:
    """Serve on a Unix socket and tell Terraform where."""
    ended = threading.Event()
    unlimited = [
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
    ]
    with tempfile.TemporaryDirectory(prefix="schema-provider-") as folder:
        server = grpc.server(futures.ThreadPoolExecutor(4), options=unlimited)
        plugin_rpc.add_ProviderServicer_to_server(SchemaProvider(sys.argv[1]), server)
        control_rpc.add_GRPCControllerServicer_to_server(Controller(ended), server)
        socket = os.path.join(folder, "socket")
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        print(f"1|6|unix|{socket}|grpc|", flush=True)  # noqa: T201
        ended.wait()
        server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
