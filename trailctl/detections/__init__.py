"""`trailctl detections`: entries of one's own beside the catalogue's, tried and made.

`catalogue`, `samples` and `schema` are links to those of modules/detections.
"""
