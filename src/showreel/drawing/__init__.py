"""How reels and posters are drawn: frames, curves, text, colours, GIF."""
