"""Whether what lies on the disk is what the stages wrote, and whether it can be made again."""
