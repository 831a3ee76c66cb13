"""Make it happen over time: create, settle, follow; it knows no HTTP."""
