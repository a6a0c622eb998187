"""`trailctl replay`: what rules would have done, over events that happened."""
