"""The harness's own checks: one file each, in a folder for its family. Those of the language are the monitor's."""
