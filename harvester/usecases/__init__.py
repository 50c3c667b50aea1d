"""The verbs: they talk to ports and hold no SQL and no HTTP."""
