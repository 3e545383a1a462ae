"""MIRAGE: encoder, decoders, heads, checkpoints, model store (see ``docs/model.md``).

Modules that need torch are imported by name, so that asking for `spec` or `store` stays quick.
May be imported by engines and training; imports `scan` and `io` only.
"""
