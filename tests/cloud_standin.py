"""AWS on the loopback address, for tests: prints its address, ends with its input.

The server is moto's, with real S3 conditional writes.  It knows quotas of VPC only;
those of EC2 are given here as a new account has them.
"""

from __future__ import annotations

import sys
from typing import Any

from moto.server import ThreadedMotoServer
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend

QUOTAS = {"L-1216C47A": 64.0, "L-DB2E81BA": 0.0, "L-34B43A08": 64.0}


def _quota(backend: Any, service_code: str, quota_code: str) -> dict[str, Any]:
    if service_code != "ec2" or quota_code not in QUOTAS:
        raise NoSuchResource
    return {"QuotaCode": quota_code, "Value": QUOTAS[quota_code]}


def main() -> None:
    """Serve on a free port until standard input ends."""
    ServiceQuotasBackend.get_service_quota = _quota
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
