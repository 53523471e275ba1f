"""params.yaml: its text, its schema, and the extension folders that its names lead to."""
