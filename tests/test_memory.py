"""Memory that was freed between pieces that are kept goes back to the system."""

import ctypes
import subprocess
import sys

import pytest

# Every other piece is freed: without being asked, the C library keeps such holes.
FREED = """
import ctypes, sys
from pathlib import Path
from hub_config.memory import trim

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

pieces = [libc.malloc(ctypes.c_size_t(32 << 10)) for _ in range(2_000)]
for piece in pieces:
    ctypes.memset(piece, 1, 32 << 10)
for piece in pieces[::2]:
    libc.free(ctypes.c_void_p(piece))
full = resident()
if "trim" in sys.argv:
    trim()
print(full - resident())
"""


def given_back(*words):
    line = [sys.executable, "-c", FREED, *words]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return int(done.stdout)


def test_freed_memory_goes_back():
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this C library has no malloc_trim")
    assert given_back("trim") > 20e6
    assert given_back() < 2e6
