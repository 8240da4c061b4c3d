"""`python -m shim` is the command `shim`."""

from shim.cli import main

main()
