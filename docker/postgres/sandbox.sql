-- The pretend market keeps its plans apart from the real ledger. Runs once, when the volume is empty.
CREATE DATABASE sandbox;
