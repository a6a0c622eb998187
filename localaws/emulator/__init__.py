"""The emulator behind the layer: ministack in this process, and a seam for others."""
