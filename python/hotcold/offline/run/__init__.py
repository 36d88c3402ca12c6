"""The offline job itself: items from the input, through worker threads, to the output."""
