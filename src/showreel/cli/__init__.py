"""The command line: it parses, looks names and paths up, calls one function, prints."""
