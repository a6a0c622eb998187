"""The commands of `trailctl local`."""
