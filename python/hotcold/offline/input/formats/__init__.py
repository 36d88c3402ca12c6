"""Files of arrays, a module a format."""
