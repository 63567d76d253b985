"""The two programs that build images: buildah, and Docker with BuildKit.

Both get the same recipe, the same arguments, and as a secret, never as a layer, the
certificates of the machine where a proxy needs them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from .recipes import ImagesError


def run(line: list[str], what: str, **environ: str) -> str:
    """Run a program and return what it printed; show its complaints as they come.

    Raises
    ------
    ImagesError
        It failed, or is not there.
    """
    try:
        done = subprocess.run(
            line, stdout=subprocess.PIPE, text=True, env={**os.environ, **environ}
        )
    except FileNotFoundError:
        raise ImagesError(f"{what}: no program {line[0]!r} here; install it") from None
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise ImagesError(f"{what}: {line[0]} ended with {done.returncode}; see above")
    return done.stdout


def secret_options() -> list[str]:
    """Return the options that lend this machine's certificates to a build."""
    bundle = os.environ.get("SSL_CERT_FILE")
    if not bundle or not Path(bundle).is_file():
        return []
    return ["--secret", f"id=ca_bundle,src={bundle}"]


class Builder(ABC):
    """Makes images on this machine."""

    @abstractmethod
    def build(
        self, recipe: Path, context: Path, tag: str, arguments: Mapping[str, str]
    ) -> None:
        """Build the Dockerfile `recipe` in the folder `context` as `tag`.

        Raises
        ------
        ImagesError
            The build failed.
        """

    @abstractmethod
    def import_root(self, archive: Path, tag: str) -> None:
        """Make an image of one layer from a tar archive of a root file system."""

    @abstractmethod
    def verify(self, tag: str, folder: Path) -> str:
        """Run ``verify`` of `folder` in the image, offline; return its words."""

    @abstractmethod
    def compressed_bytes(self, tag: str) -> list[int]:
        """Return what each layer weighs, compressed with zstd, lowest layer first."""

    @abstractmethod
    def exists(self, tag: str) -> bool:
        """Tell whether the image is on this machine."""


class Buildah(Builder):
    """Needs neither a daemon nor, with ``BUILDAH_ISOLATION=chroot``, a runtime."""

    def build(
        self, recipe: Path, context: Path, tag: str, arguments: Mapping[str, str]
    ) -> None:
        """Build; see `Builder`."""
        line = ["buildah", "bud", "--layers", "--network", "host", "--tag", tag]
        for name, value in arguments.items():
            line += ["--build-arg", f"{name}={value}"]
        line += [*secret_options(), "--file", str(recipe), str(context)]
        run(line, tag)

    def import_root(self, archive: Path, tag: str) -> None:
        """Import; see `Builder`."""
        name = run(["buildah", "from", "scratch"], tag).strip()
        try:
            run(["buildah", "add", name, str(archive), "/"], tag)
            run(["buildah", "config", "--cmd", "bash", name], tag)
            run(["buildah", "commit", name, tag], tag)
        finally:
            run(["buildah", "rm", name], tag)

    def verify(self, tag: str, folder: Path) -> str:
        """Verify; see `Builder`."""
        name = run(["buildah", "from", tag], tag).strip()
        try:
            with tempfile.NamedTemporaryFile("w", prefix="hosts-") as hosts:
                # A pod has it, and Docker's containers; here it may be missing.
                hosts.write("127.0.0.1 localhost\n")
                hosts.flush()
                Path(hosts.name).chmod(0o644)
                line = ["buildah", "run", "--network", "none"]
                line += ["-v", f"{folder.resolve()}:/verify:ro"]
                line += ["-v", f"{hosts.name}:/etc/hosts:ro", name, "--"]
                return run([*line, "/verify/verify"], tag)
        finally:
            run(["buildah", "rm", name], tag)

    def compressed_bytes(self, tag: str) -> list[int]:
        """Weigh; see `Builder`."""
        with tempfile.TemporaryDirectory(prefix="weigh-") as folder:
            options = ["--compression-format", "zstd", "--compression-level", "3"]
            run(["buildah", "push", *options, tag, f"dir:{folder}"], tag)
            manifest = json.loads((Path(folder) / "manifest.json").read_text())
            return [layer["size"] for layer in manifest["layers"]]

    def exists(self, tag: str) -> bool:
        """Look; see `Builder`."""
        line = ["buildah", "inspect", "--type", "image", tag]
        return subprocess.run(line, capture_output=True).returncode == 0


class Docker(Builder):
    """Docker with BuildKit."""

    def build(
        self, recipe: Path, context: Path, tag: str, arguments: Mapping[str, str]
    ) -> None:
        """Build; see `Builder`."""
        line = ["docker", "build", "--network", "host", "--tag", tag]
        for name, value in arguments.items():
            line += ["--build-arg", f"{name}={value}"]
        line += [*secret_options(), "--file", str(recipe), str(context)]
        run(line, tag, DOCKER_BUILDKIT="1")

    def import_root(self, archive: Path, tag: str) -> None:
        """Import; see `Builder`."""
        run(["docker", "import", "--change", 'CMD ["bash"]', str(archive), tag], tag)

    def verify(self, tag: str, folder: Path) -> str:
        """Verify; see `Builder`."""
        mount = f"{folder.resolve()}:/verify:ro"
        line = ["docker", "run", "--rm", "--network", "none", "--volume", mount]
        return run([*line, "--entrypoint", "/verify/verify", tag], tag)

    def compressed_bytes(self, tag: str) -> list[int]:
        """Weigh the image as one: Docker keeps no compressed layers to look at."""
        save = subprocess.Popen(["docker", "save", tag], stdout=subprocess.PIPE)
        pack = subprocess.Popen(
            ["zstd", "-3", "-q"], stdin=save.stdout, stdout=subprocess.PIPE
        )
        size = 0
        assert pack.stdout is not None
        while block := pack.stdout.read(1 << 20):
            size += len(block)
        if save.wait() or pack.wait():
            raise ImagesError(f"{tag}: docker save or zstd failed; see above")
        return [size]

    def exists(self, tag: str) -> bool:
        """Look; see `Builder`."""
        line = ["docker", "image", "inspect", tag]
        return subprocess.run(line, capture_output=True).returncode == 0


def find_builder() -> Builder:
    """Return buildah's builder, else Docker's.

    Raises
    ------
    ImagesError
        This machine has neither.
    """
    if shutil.which("buildah"):
        return Buildah()
    if shutil.which("docker"):
        return Docker()
    raise ImagesError("images: neither buildah nor docker is here; install one of them")
