"""Showreel: data sets in, trained networks, honest scores and GIFs of networks that learn out."""
