"""The only SQL: rows in, rows out, each write under its guard; no rule of the wire is decided here."""
