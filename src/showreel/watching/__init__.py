"""Who may look on while a network trains, a file each; nothing here changes a result, so no stage depends on it."""
