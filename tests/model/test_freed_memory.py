"""What a process has freed goes back to the system."""

import subprocess
import sys

import pytest

BETWEEN = """
from mirage_core.jobs.memory import resident_bytes
from mirage_core.model.freed_memory import give_back_freed
blocks = []
for _ in range(2000):
    # Large ones are freed at once; these lie in the heap, each under a small one that stays.
    block, small = bytearray(100_000), bytearray(2_000)
    blocks.append((block, small))
smalls = [small for _, small in blocks]
del block, blocks
before = resident_bytes()
give_back_freed()
print(before - resident_bytes())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc keeps such memory")
def test_what_lies_free_between_small_pieces_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, text=True)
    assert int(done.stdout) > 150e6, done.stderr
