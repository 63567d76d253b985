"""Kernels write their history on scratch, and see what the person installed."""

import os

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

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
        return spec
