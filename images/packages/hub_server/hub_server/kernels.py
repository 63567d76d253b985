"""Kernels see what the person installed, and write their history on scratch."""

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

from hub_server import packages
from hub_server.environment import scratch_dir


class KernelSpecs(KernelSpecManager):
    """The usual kernels, started such that a full or slow home does not hinder."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel's spec, with our options where it is an IPython kernel.

        Raises
        ------
        jupyter_client.kernelspec.NoSuchKernel
            There is none of that name.
        """
        spec = super().get_kernel_spec(kernel_name)
        if "ipykernel_launcher" in spec.argv:
            history = scratch_dir(os.environ) / "databases" / "ipython_history.sqlite"
            spec.argv = [*spec.argv, f"--HistoryManager.hist_file={history}"]
            if _is_ours(spec.argv[0]):
                self._lift(spec)
        return spec

    def _lift(self, spec: KernelSpec) -> None:
        """Let the image's kernel run in the person's environment above the image's."""
        env, base = packages.env_dir(os.environ), Path(sys.prefix)
        try:
            packages.make(env, base)
        except OSError as error:
            self.log.warning(
                "packages: %s takes no files, none of yours: %s", env, error
            )
            return
        spec.argv = [str(env / "bin" / "python"), *spec.argv[1:]]
        spec.env = {**packages.kernel_environ(env, base, os.environ), **spec.env}


def _is_ours(executable: str) -> bool:
    """Tell whether a spec means the server's own Python."""
    return executable in {"python", "python3", sys.executable}
