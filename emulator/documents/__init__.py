"""PDFs: their text and the pictures of their pages, read by a process of its own that may die; no rule of the wire."""
