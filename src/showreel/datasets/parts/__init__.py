"""What several data sets share: downloads, archives, pictures, formats."""
