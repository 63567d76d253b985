"""Asks a helper module of this package, as a process of its own."""

import asyncio
import json
import os
import sys
from functools import partial
from typing import Any


class NotTold(Exception):
    """A helper process gave no answer."""


async def ask(
    module: str, *arguments: str, limit_s: float = 600.0, nice: int = 19
) -> Any:
    """Return the JSON that ``python -m MODULE ARGUMENTS`` prints.

    Parameters
    ----------
    module
        Module of this package.
    arguments
        Its arguments.
    limit_s
        Seconds after which it is ended.
    nice
        How far it yields to others; 0 where a person waits for it.

    Raises
    ------
    NotTold
        It failed, printed no JSON, or took too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-s", "-P", "-m", module, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=partial(os.nice, nice),
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), limit_s)
        return json.loads(out)
    except TimeoutError:
        raise NotTold(f"{module}: no answer within {limit_s:g} s") from None
    except ValueError:
        reason = err.decode(errors="replace").strip().rpartition("\n")[2]
        raise NotTold(f"{module}: {reason or 'no answer'}") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
