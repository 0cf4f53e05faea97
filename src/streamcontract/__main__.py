"""`python -m streamcontract`."""

from streamcontract.cli import main

main()
