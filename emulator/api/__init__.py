"""HTTP in, bytes out; every decision is made further in."""
