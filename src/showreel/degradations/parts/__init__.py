"""What several degradations share."""
