"""Runs Python code that nobody trusts, each session a process that the kernel confines; it knows no wire and no store.

`room.py` is what others use. `worker.py`, `confine.py`, `filter.py`, `syscalls.py`, `paths.py` and `figures.py` are the
program inside: standard library only.
"""
