"""Which errors mean that memory ran out, whatever device and layer told it. Imports no torch."""

from __future__ import annotations

_TORCH_TYPES = frozenset({"OutOfMemoryError"})
_SIGNS = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
"""What the runtimes of CUDA, MPS and the CPU write, in lower case, in a RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` itself says that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    if any(kind.__name__ in _TORCH_TYPES for kind in type(error).__mro__):
        return True
    text = str(error).lower()
    return any(sign in text for sign in _SIGNS)
