"""The rules of the wire as pure data and functions: no I/O, no framework, no clock but the one handed in."""
