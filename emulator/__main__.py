"""`python -m emulator`: the same as the command `responses-emulator`; no code of its own."""

from emulator.cli import main

if __name__ == "__main__":
    main()
