"""The command line: one module per family of commands, loaded when it is called."""
