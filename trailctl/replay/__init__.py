"""`trailctl replay`: shows what rules would have done about events that happened."""
