"""`python -m streamcontract`."""

from streamcontract.cli import main

if __name__ == "__main__":  # a worker process imports this module again
    main()
