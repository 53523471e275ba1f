"""NAME: which pixels of an image are bright. Replace it by what is to be learnt."""
