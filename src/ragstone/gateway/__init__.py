"""What a Ragstone in front of a cluster does itself: knows what is its own, and runs the searches that need it."""
