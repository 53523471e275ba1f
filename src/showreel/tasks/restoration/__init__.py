"""Restoration: from a degraded image back to the clean one, pixel by pixel."""
