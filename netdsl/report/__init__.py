"""A run as one page: everything that its folder says, and the examples that it was worst at."""
