"""The nouns of target harvesting: frozen values, the standard library and msgspec only."""
