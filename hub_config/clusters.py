"""A person's Dask clusters end with their server.

The hub asks the gateway as that person, with a token for a minute and for this alone:
no administrator of all clusters exists.
"""

from __future__ import annotations

from typing import Any

import httpx

from .certificates import trusted

GATEWAY_SCOPE = "access:services!service=dask-gateway"
TIMEOUT_S = 10


async def stop_clusters(spawner: Any) -> int:
    """Stop the clusters of a server's owner; JupyterHub's ``post_stop_hook``.

    Parameters
    ----------
    spawner : jupyterhub.spawner.Spawner
        Of the server that stopped.

    Returns
    -------
    int
        How many clusters were told to stop.  A gateway that does not answer is logged:
        its idle timeout ends what is left.
    """
    address = str(spawner.environment.get("DASK_GATEWAY__ADDRESS", ""))
    if not address:
        return 0
    token = spawner.user.new_api_token(
        note="stop clusters", scopes=[GATEWAY_SCOPE], expires_in=60
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"{address.rstrip('/')}/api/v1/clusters/",
            headers={"Authorization": f"jupyterhub {token}"},
            timeout=TIMEOUT_S,
            verify=trusted(),
        ) as gateway:
            answer = (await gateway.get("")).raise_for_status()
            names = list(answer.json())
            for name in names:
                (await gateway.delete(name)).raise_for_status()
    except (httpx.HTTPError, ValueError) as error:
        spawner.log.warning(
            "clusters of %s: the gateway at %r does not answer (%r); "
            "they end after their idle timeout",
            spawner.user.name,
            address,
            error,
        )
        return 0
    return len(names)
