"""The harness's commands, one module each."""
