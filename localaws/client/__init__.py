"""How programs start the local AWS, reach it and move its clock."""
