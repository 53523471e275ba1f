"""NAME: which pixels of an image are brighter than half. Replace it by what is to be learnt."""
