"""The command line `notify`. Needs the extra `cli`."""
